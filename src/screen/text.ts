import { counted, rate, thousands } from '../text/count.ts';
import { joined, type Printable, printable, safe } from '../text/printable.ts';
import { shortSize } from '../text/size.ts';
import { UNKNOWN } from '../text/unknown.ts';
import { padded } from '../text/width.ts';
import type { Snapshot } from './frame/model.ts';
import { COUNTING, heldText, isCounting, staleText } from './header/status-lines.ts';
import { ageCell } from './table/cells.ts';

const ROWS = 10;

/**
 * Prints the screen's content as plain lines, for a stdout that is no terminal: the header's figures and the oldest
 * rows.
 */
export const printTop = (snapshot: Snapshot, line: (text: Printable) => void): void => {
  const { status } = snapshot;
  const isOff = status.drift !== null && Math.abs(status.drift) > status.inFlight;
  // The header does the same: until the inventory is complete there may be more orphans.
  const known = (text: Printable): Printable => (status.orphans === null ? UNKNOWN : text);
  const parts: readonly Printable[] = [
    status.clock === '' ? safe`--:--:--` : printable(status.clock),
    safe`orphans ${thousands(status.orphans)} ours, ${thousands(status.kernelOrphans)} kernel, ${thousands(status.limit)} limit`,
    safe`entries ${known(rate(status.entriesPerSec))} exits ${known(rate(status.exitsPerSec))}`,
    ...(status.fastDeaths > 0 ? [safe`fast deaths ${known(rate(status.fastDeathsPerSec))}, only counted`] : []),
    safe`held ${known(heldText(status))}`,
    isCounting(status)
      ? COUNTING
      : status.staleMs !== null
        ? printable(staleText(status.staleMs).trim())
        : safe`${isOff ? 'DRIFT ' : 'drift '}${status.drift ?? UNKNOWN}`,
    safe`lost ${status.lostEvents} late ${status.outOfOrder} malformed ${status.malformed}`,
    safe`${status.phase}`,
    ...[status.overload, status.notice].filter((text) => text !== '').map(printable),
  ];
  line(joined(parts, ' | '));
  const rows = snapshot.rows.slice(0, ROWS);
  if (rows.length === 0 && status.unmatched !== '') line(safe`  ${printable(status.unmatched)}`);
  for (const row of rows) {
    const { local, peer, closer } = row;
    const process = closer === null ? '-' : safe`${printable(closer.comm)}[${closer.pid}]`;
    line(
      safe`  ${padded(ageCell(row), 7, 'right')} ${padded(row.state, 10)} ${printable(local)} > ${printable(peer)} ${process} held ${shortSize(row.heldBytes)}, ${counted(row.retransmits, 'retransmit')}, waits for ${row.waitingFor}${row.certain ? '' : ' ~'}`,
    );
  }
  // A page that is not full holds all that passes the filter.
  const more = rows.length < ROWS ? 0 : snapshot.matching - rows.length;
  if (more > 0) line(safe`  … and ${thousands(more)} more`);
};
