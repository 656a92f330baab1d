import type { LedgerRecord } from '../stream/records/ledger.ts';
import type { Sink } from '../stream/sink.ts';
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
  const fast = ledger.tallied === 0 ? '' : ` (${ledger.tallied} fast deaths in both, counted in the kernel)`;
  return `${ledger.entries} orphan entries, ${ledger.exits} exits${fast}; ${ledger.orphans ?? 'unknown'} orphans now, the kernel counted ${kernel}; ${ledger.lost_events} events lost, ${ledger.late_events} out of order, ${ledger.malformed} malformed lines`;
};
