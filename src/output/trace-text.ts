import type { LedgerRecord } from '../stream/records/ledger.ts';
import type { Sink } from '../stream/sink.ts';
import { nounOf } from '../text/count.ts';
import { tell } from './stderr.ts';
import { flowOf, type Output } from './stdout.ts';
import { traceHeading, traceLine } from './trace-line.ts';

/** `trace` for people: a line for each close path on stdout, and at the end one sentence about the ledger on stderr. */
export const createTraceText = (output: Output, withTime: boolean): Sink => {
  let newest: LedgerRecord | null = null;
  return {
    begin: () => output.line(traceHeading(withTime)),
    path: (path) => output.line(traceLine(path, withTime)),
    ledger: (record) => {
      newest = record;
    },
    ...flowOf(output),
    end: async () => {
      await output.flush();
      if (newest !== null && !output.closed.aborted) tell(summary(newest));
    },
  };
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
