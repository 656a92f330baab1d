import type { Report } from '../../explain/report/report.ts';
import { printable } from '../../text/printable.ts';

/** The `explanation` record of `explain --json`: the report without its single sockets. Those follow as rows. */
export const explanationRecord = (report: Report): object => {
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
    loss: report.loss,
  };
};
