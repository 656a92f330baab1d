import type { Report } from '../../explain/report/report.ts';
import { printable } from '../top/printable.ts';

/** The `explanation` record of `explain --json`: the report without its single sockets, which follow as rows. */
export const explanationRecord = (report: Report): object => {
  const { host } = report;
  return {
    type: 'explanation',
    answer: printable(report.answer),
    doubts: report.doubts,
    by: report.by,
    from: report.from,
    until: report.until,
    totals: {
      orphans: report.orphans.totals,
      lingering: report.lingering,
      died: report.died.totals,
      died_as_orphans: report.died_as_orphans,
    },
    groups: { orphans: report.orphans.groups, died: report.died.groups },
    host: {
      orphans: host.orphans,
      kernel_orphans: host.kernelOrphans,
      kernel_limit: host.limit,
      mem_pages: host.memPages,
      tcp_mem: host.tcpMem,
      page_size: host.pageSize,
      close_wait:
        host.closeWait === null
          ? null
          : {
              count: host.closeWait.count,
              holders: host.closeWait.holders.map(({ atLeastMs, ...holder }) => ({
                ...holder,
                at_least_us: atLeastMs === null ? null : atLeastMs * 1000,
              })),
            },
      established_without_owner: host.establishedWithoutOwner,
      kernel_log: host.kernelLog,
    },
    loss: report.loss,
  };
};
