import type { AbnormalDeaths } from '../../explain/abnormal.ts';
import { perSecondText, whoClosed } from '../../explain/report/abnormal-words.ts';
import { counted, thousands } from '../../text/count.ts';
import { type Printable, printable, safe } from '../../text/printable.ts';
import { cut, padded, trimmed } from '../../text/width.ts';
import { paragraph } from './paragraph.ts';

/** Rows shown; the rest is one line. */
const MOST = 8;
const NAME_WIDTH = 24;

/** Abnormal ends by cause, closer and port, however fast they were; nothing where there were none. */
export const abnormalLines = (deaths: readonly AbnormalDeaths[], width: number): readonly Printable[] => {
  if (deaths.length === 0) return [];
  const all = deaths.reduce((sum, { count }) => sum + count, 0);
  const sampled = deaths.reduce((sum, row) => sum + row.sampled, 0);
  const rest = deaths.slice(MOST);
  return [
    ...paragraph(
      `Abnormal ends by process: ${counted(all, 'connection')}, however fast; ${thousands(sampled)} of them are told of one by one`,
      width,
    ),
    ...deaths.slice(0, MOST).map((row) => {
      const rate = row.per_second === null ? safe`` : printable(perSecondText(row.per_second));
      const port = row.port === null ? safe`` : safe` port ${row.port}`;
      const minisock = row.by_minisock ? safe`, minisock, data from ${printable(row.raddr ?? 'peers')}` : safe``;
      return trimmed(
        safe`${padded(thousands(row.count), 11, 'right')} ${padded(rate, 8, 'right')}  ${padded(row.ended_by, 18)} ${padded(cut(printable(whoClosed(row)), NAME_WIDTH), NAME_WIDTH)}${port}${minisock}`,
      );
    }),
    ...(rest.length === 0
      ? []
      : [
          safe`${padded(thousands(rest.reduce((sum, { count }) => sum + count, 0)), 11, 'right')}           of other causes, processes or ports`,
        ]),
  ];
};
