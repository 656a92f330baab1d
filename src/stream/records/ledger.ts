import type { LedgerRow } from '../../lifecycle/ledger.ts';
import type { Counters } from '../../lifecycle/tracker.ts';

/** The contract's `ledger` record. */
export const ledgerRecord = (row: LedgerRow, counters: Counters, at: string) => ({
  type: 'ledger' as const,
  at: at === '' ? null : at,
  entries: row.entries,
  exits: row.exits,
  orphans: row.orphans,
  kernel_orphans: row.kernelOrphans,
  kernel_limit: row.kernelLimit,
  unlocated: row.unlocated,
  drift: row.drift,
  in_flight: row.inFlight,
  inferred: row.inferred,
  tallied: counters.tallied,
  unannounced: counters.unannounced,
  lost_events: counters.lostEvents,
  late_events: counters.outOfOrder,
  malformed: counters.malformed,
});

export type LedgerRecord = Readonly<ReturnType<typeof ledgerRecord>>;
