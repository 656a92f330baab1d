import type { Report } from '../../explain/report/report.ts';
import type { TalliedDeaths } from '../../explain/tally.ts';
import { counted } from '../../text/count.ts';
import { moment } from '../../text/moment.ts';
import { type Printable, safe } from '../../text/printable.ts';
import { abnormalLines } from './abnormal-lines.ts';
import { sectionLines } from './group-lines.ts';
import { hostLines } from './host-lines.ts';
import { paragraph } from './paragraph.ts';
import { socketFullLines, socketLines } from './socket-lines.ts';
import { tallyLines } from './tally-lines.ts';

/** Narrower lines cannot hold what they must. */
const LEAST_WIDTH = 80;

/**
 * The report for people: the answer, the groups, the host, single sockets.
 *
 * @param tallied - deaths that were too fast to be announced; they are in none of the groups
 */
export const reportLines = (
  report: Report,
  columns: number,
  tallied: readonly TalliedDeaths[] = [],
): readonly Printable[] => {
  const width = Math.max(LEAST_WIDTH, columns);
  const { orphans, died, by, lingering } = report;
  const period =
    report.from === null || report.until === null ? '' : `, from ${moment(report.from)} to ${moment(report.until)}`;
  return [
    paragraph(report.answer, width),
    sectionLines(`Orphans now by ${by}: ${counted(orphans.totals.count, 'socket')}`, orphans, width),
    lingering === 0
      ? []
      : paragraph(`${counted(lingering, 'socket')} in a close() that lingers: dying, and no orphans yet`, width),
    sectionLines(`Died by ${by}${period}: ${counted(died.totals.count, 'socket')}`, died, width),
    abnormalLines(report.abnormal, width),
    tallyLines(tallied, width),
    [safe`Host`, ...hostLines(report, width)],
    ...(report.sockets.length === 0
      ? []
      : [
          paragraph(
            'Sockets, slowest first (times since the close; widths grow with the logarithm of the time; ~ is not certain)',
            width,
          ),
          ...report.sockets.map((row) => socketLines(row, width)),
        ]),
  ]
    .filter((block) => block.length > 0)
    .flatMap((block, index) => (index === 0 ? block : [safe``, ...block]));
};

/** `--socket`: everything about each socket that matched, slowest first. */
export const socketReportLines = (report: Report, columns: number): readonly Printable[] => {
  const width = Math.max(LEAST_WIDTH, columns);
  const matched = report.orphans.totals.count + report.died.totals.count + report.lingering;
  const left = matched - report.sockets.length;
  return [
    ...report.sockets.flatMap((row, index) => [...(index === 0 ? [] : [safe``]), ...socketFullLines(row, width)]),
    ...(report.doubts.length === 0 ? [] : [safe``, ...paragraph(`Doubts: ${report.doubts.join('; ')}.`, width)]),
    ...(left === 0 ? [] : [safe``, ...paragraph(`and ${counted(left, 'socket')} more that match`, width)]),
  ];
};
