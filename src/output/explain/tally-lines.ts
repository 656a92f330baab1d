import type { TalliedDeaths } from '../../explain/tally.ts';
import { counted, thousands } from '../../text/count.ts';
import { duration } from '../../text/duration.ts';
import { type Printable, safe } from '../../text/printable.ts';
import { percent } from '../../text/share.ts';
import { padded, trimmed } from '../../text/width.ts';
import { paragraph } from './paragraph.ts';

/** Kinds shown. The rest is one line. */
const MOST = 8;

/** Sockets that died before they were announced, by how they ended. No line where there were none. */
export const tallyLines = (deaths: readonly TalliedDeaths[], width: number): readonly Printable[] => {
  const all = deaths.reduce((sum, { count }) => sum + count, 0);
  if (all === 0) return [];
  const shown = deaths.slice(0, MOST);
  const rest = deaths.slice(MOST).reduce((sum, { count }) => sum + count, 0);
  return [
    ...paragraph(`${counted(all, 'socket')} more died too fast to be announced: counted in the kernel, by kind`, width),
    ...shown.map((kind) => {
      const share = padded(percent((100 * kind.count) / all), 4, 'right');
      const where = kind.closed_in === null ? safe`${kind.how}` : safe`${kind.how} in ${kind.closed_in}`;
      const half = halfWithin(kind);
      const times = half === null ? safe`` : safe` half of them within ${duration(half)}`;
      return trimmed(
        safe`${padded(thousands(kind.count), 11, 'right')} ${share}  ${padded(kind.ended_by, 18)} ${padded(where, 21)}${times}`,
      );
    }),
    ...(rest === 0
      ? []
      : [
          safe`${padded(thousands(rest), 11, 'right')} ${padded(percent((100 * rest) / all), 4, 'right')}  of other kinds`,
        ]),
  ];
};

/** The upper end of the middle socket's bin, us; null where none was timed. */
const halfWithin = ({ dwell }: TalliedDeaths): number | null => {
  const timed = dwell.reduce((sum, { count }) => sum + count, 0);
  let before = 0;
  for (const { from_us, count } of dwell) {
    before += count;
    if (2 * before >= timed) return Math.max(2, 2 * from_us);
  }
  return null;
};
