import type { HostState } from '../../explain/report/host-state.ts';
import type { Report } from '../../explain/report/report.ts';
import { counted, thousands } from '../../text/count.ts';
import { duration } from '../../text/duration.ts';
import { moment } from '../../text/moment.ts';
import type { Printable } from '../../text/printable.ts';
import { percent } from '../../text/share.ts';
import { size } from '../../text/size.ts';
import { labelled } from './paragraph.ts';

const LABEL = 14;
const UNKNOWN = 'not known: not recorded, or not readable';
const EXAMPLES = 3;

/** The host's own figures: how near its limits are, and sockets that are often taken for orphans but are none. */
export const hostLines = (report: Pick<Report, 'host' | 'orphans'>, width: number): readonly Printable[] =>
  [
    ['Orphan limit', limitText(report.host)],
    ['Memory', memoryText(report)],
    ['CLOSE_WAIT', closeWaitText(report.host)],
    ['ESTABLISHED', establishedText(report.host)],
    ['Kernel log', logText(report.host)],
    ...(report.host.notes.length === 0 ? [] : [['Not known', `${report.host.notes.join('; ')}.`]]),
  ].flatMap(([label = '', text = '']) => labelled(label, text, width, LABEL));

const limitText = ({ kernelOrphans, limit }: HostState): string => {
  if (limit === null || limit <= 0) return `net.ipv4.tcp_max_orphans ${UNKNOWN}`;
  const now =
    kernelOrphans === null
      ? 'orphans not known'
      : `${thousands(kernelOrphans)} of ${counted(limit, 'orphan')} (${percent((kernelOrphans / limit) * 100)})`;
  return `${now}. At the limit a close resets the socket; a timer counts an orphan that is idle or unreachable two- or fourfold, so kills can start at ${thousands(Math.ceil(limit / 4))} to ${thousands(Math.ceil(limit / 2))} orphans (25 to 50%).`;
};

const memoryText = ({ host, orphans }: Pick<Report, 'host' | 'orphans'>): string => {
  const { held_bytes, held_unknown, held_now_bytes, held_now_unknown } = orphans.totals;
  const beyond = held_bytes === null || held_unknown === 0 ? '' : `, ${counted(held_unknown, 'orphan')} not known`;
  const then = held_bytes === null ? 'an amount not known' : size(held_bytes);
  const now =
    host.orphanBytes !== null
      ? ` and hold ${size(host.orphanBytes)} now (ss, all readable namespaces)`
      : held_now_bytes === null
        ? ''
        : ` and hold ${size(held_now_bytes)} now${held_now_unknown === 0 ? '' : `, ${counted(held_now_unknown, 'orphan')} not known`}`;
  const pages = (count: number): string =>
    `${counted(count, 'page')}${host.pageSize === null ? '' : ` (${size(count * host.pageSize)})`}`;
  const used =
    host.memPages === null
      ? `all TCP memory ${UNKNOWN}`
      : `all TCP uses ${pages(host.memPages)}, beside which each CPU may keep up to 1 MiB uncounted`;
  const limits =
    host.tcpMem === null
      ? `tcp_mem ${UNKNOWN}`
      : `net.ipv4.tcp_mem: low ${pages(host.tcpMem[0])}, pressure ${pages(host.tcpMem[1])}, high ${pages(host.tcpMem[2])}`;
  return `the orphans held ${then} at their close${beyond}${now}; ${used}; ${limits}.`;
};

/** Follows a figure that does not cover all namespaces. */
const within = (unreadable: number): string => (unreadable === 0 ? '' : ' in the namespaces that could be read');

const closeWaitText = ({ closeWait, unreadable }: HostState): string => {
  if (closeWait === null) return UNKNOWN;
  if (closeWait.count === 0) return `no socket${within(unreadable)}.`;
  const holders = closeWait.holders.map(({ pid, comm, count, examples, atLeastMs, atMostMs }) => {
    const age = ageText(atLeastMs, atMostMs);
    const some = examples.length === 0 ? '' : ` (${examples.slice(0, EXAMPLES).join(', ')})`;
    return `${comm}[${pid}] holds ${thousands(count)}${age}${some}`;
  });
  const held = closeWait.count - closeWait.notAccepted;
  const whose = [
    ...(held > 0 ? [`${thousands(held)} that a process has open and does not close`] : []),
    ...(closeWait.notAccepted > 0 ? [`${thousands(closeWait.notAccepted)} not accepted yet`] : []),
  ];
  const [sockets, are] = [counted(closeWait.count, 'socket'), closeWait.count === 1 ? 'no orphan' : 'no orphans'];
  const named = holders.length === 0 ? '' : ` ${holders.join('; ')}.`;
  const unnamed =
    closeWait.unnamed === 0 ? '' : ` Which process has ${thousands(closeWait.unnamed)} open is not known.`;
  return `${sockets}${within(unreadable)}, ${are}: ${whose.join(', ')}.${named}${unnamed}`;
};

/** The kernel does not tell these two apart. */
const ageText = (atLeastMs: number | null, atMostMs: number | null): string => {
  if (atLeastMs === null) return '';
  const least = duration(atLeastMs * 1000);
  const most = atMostMs === null ? null : duration(atMostMs * 1000);
  if (least === most) return `, the longest for ${least}`;
  return `, the longest for at least ${least}${most === null ? '' : ` and at most ${most}`}`;
};

const establishedText = ({ establishedWithoutOwner, areOwnersKnown, unreadable }: HostState): string => {
  if (establishedWithoutOwner === null) return UNKNOWN;
  const kinds = establishedWithoutOwner.filter(({ count }) => count > 0);
  if (kinds.length === 0) {
    return areOwnersKnown
      ? `none without an owner${within(unreadable)}.`
      : 'not known whether a process has each of them open.';
  }
  const words = kinds.map(({ count, what }) => `${thousands(count)} ${what}`).join('; ');
  const others = areOwnersKnown ? '' : '; not known whether a process has each of the others open';
  return `without an owner${within(unreadable)}, no orphans: ${words}${others}.`;
};

const logText = ({ kernelLog }: HostState): string => {
  if (kernelLog === null) return UNKNOWN;
  if (kernelLog.length === 0) return 'no word of too many orphans or of TCP memory in this time.';
  return kernelLog.map(({ at, text }) => `${at === null ? '' : `${moment(at)} `}${text}`).join('; ');
};
