import type { AbnormalDeaths } from '../explain/abnormal.ts';
import { abnormalWords } from '../explain/report/abnormal-words.ts';
import type { LedgerRecord } from '../stream/records/ledger.ts';
import type { Sink } from '../stream/sink.ts';
import { counted, nounOf } from '../text/count.ts';
import { tell } from './stderr.ts';
import { flowOf, type Output } from './stdout.ts';
import { traceHeading, traceLine } from './trace-line.ts';

/** Rows of resets by minisocks that are put into words; the rest is one figure. */
const NAMED = 3;

/**
 * `trace` for people: a line for each close path on stdout. At the end on stderr the data that minisocks reset after
 * their lines, and one sentence about the ledger.
 */
export const createTraceText = (output: Output, withTime: boolean): Sink => {
  let newest: LedgerRecord | null = null;
  const resets: AbnormalDeaths[] = [];
  return {
    begin: () => output.line(traceHeading(withTime)),
    path: (path) => output.line(traceLine(path, withTime)),
    ledger: (record) => {
      newest = record;
    },
    abnormal: (deaths) => {
      if (deaths.by_minisock) resets.push(deaths);
    },
    ...flowOf(output),
    end: async () => {
      await output.flush();
      if (output.closed.aborted) return;
      for (const sentence of minisockWords(resets)) tell(sentence);
      if (newest !== null) tell(summary(newest));
    },
  };
};

/** The lines of these sockets say `fin_wait2_timewait`: their connections were reset after that. */
const minisockWords = (resets: readonly AbnormalDeaths[]): readonly string[] => {
  const rest = resets.slice(NAMED).reduce((sum, { count }) => sum + count, 0);
  return [
    ...resets.slice(0, NAMED).map(abnormalWords),
    ...(rest === 0 ? [] : [`${counted(rest, 'more connection')} that FIN_WAIT2 minisocks reset`]),
  ];
};

const summary = (ledger: LedgerRecord): string => {
  const kernel = ledger.kernel_orphans === null ? 'unknown' : String(ledger.kernel_orphans);
  const fast =
    ledger.tallied === 0
      ? ''
      : ` (${ledger.tallied} fast ${nounOf(ledger.tallied, 'death')} in both, counted in the kernel)`;
  const { entries, exits, orphans, lost_events, late_events, malformed } = ledger;
  const parts = [
    `${entries} orphan ${nounOf(entries, 'entry', 'entries')}, ${exits} ${nounOf(exits, 'exit')}${fast}`,
    `${orphans ?? 'unknown'} ${nounOf(orphans ?? 0, 'orphan')} now, the kernel counted ${kernel}`,
    `${lost_events} ${nounOf(lost_events, 'event')} lost, ${late_events} out of order, ${malformed} malformed ${nounOf(malformed, 'line')}`,
  ];
  return parts.join('; ');
};
