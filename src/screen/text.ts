import { counted, rate, thousands } from '../text/count.ts';
import { shortSize } from '../text/size.ts';
import { UNKNOWN } from '../text/unknown.ts';
import type { Snapshot } from './frame/model.ts';
import { heldText } from './header/status-lines.ts';
import { ageCell } from './table/cells.ts';

const ROWS = 10;

/** The screen's content as plain lines, for a stdout that is no terminal: the header's figures and the oldest rows. */
export const printTop = (snapshot: Snapshot, line: (text: string) => void): void => {
  const { status } = snapshot;
  const isOff = status.drift !== null && Math.abs(status.drift) > status.inFlight;
  // As in the header: until the inventory is in there may be more.
  const known = (text: string): string => (status.orphans === null ? UNKNOWN : text);
  line(
    [
      status.clock === '' ? '--:--:--' : status.clock,
      `orphans ${thousands(status.orphans)} ours, ${thousands(status.kernelOrphans)} kernel, ${thousands(status.limit)} limit`,
      `entries ${known(rate(status.entriesPerSec))} exits ${known(rate(status.exitsPerSec))}`,
      ...(status.fastDeaths > 0 ? [`fast deaths ${known(rate(status.fastDeathsPerSec))}, only counted`] : []),
      `held ${known(heldText(status))}`,
      `${isOff ? 'DRIFT ' : 'drift '}${status.drift ?? UNKNOWN}`,
      `lost ${status.lostEvents} late ${status.lateEvents} malformed ${status.malformed}`,
      status.phase,
      ...(status.overload === '' ? [] : [status.overload]),
      ...(status.notice === '' ? [] : [status.notice]),
    ].join(' | '),
  );
  const rows = snapshot.rows.slice(0, ROWS);
  for (const row of rows) {
    const closer = row.closer === null ? '-' : `${row.closer.comm}[${row.closer.pid}]`;
    line(
      `  ${ageCell(row).padStart(7)} ${row.state.padEnd(10)} ${row.local} > ${row.peer} ${closer} held ${shortSize(row.heldBytes)}, ${counted(row.retransmits, 'retransmit')}, waits for ${row.waitingFor}${row.certain ? '' : ' ~'}`,
    );
  }
  // A page that is not full is all that passes the filter.
  const more = rows.length < ROWS ? 0 : snapshot.matching - rows.length;
  if (more > 0) line(`  … and ${thousands(more)} more`);
};
