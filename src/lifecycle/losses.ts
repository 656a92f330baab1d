import { type TraceNs, traceNs } from '../kernel/units.ts';

/**
 * A loss is reported up to this much later: finwait asks once a second how many probes the kernel has skipped, and
 * bpftrace tells of dropped lines when it next reads the buffer of that CPU.
 */
const REPORT_NS = 1_500_000_000;

/** The times at which losses were reported. */
export type Losses = {
  /** Events were lost. Reports come in the order of their times. */
  readonly report: (at: TraceNs) => void;
  /** A report of this time is here, and has not been given to `report` yet. */
  readonly foresee: (at: TraceNs) => void;
  /** Time of the newest report; -Infinity before the first. */
  readonly newest: () => TraceNs;
  /** True if an event of this time, not long ago, may be one of those that are known to be lost. */
  readonly areNear: (at: TraceNs) => boolean;
};

export const createLosses = (): Losses => {
  let newest = traceNs(Number.NEGATIVE_INFINITY);
  let foreseen = newest;
  return {
    report: (at) => {
      newest = at;
    },
    foresee: (at) => {
      if (at > foreseen) foreseen = at;
    },
    newest: () => newest,
    // Losses come in spells: where one was reported a while before, another may be on its way.
    areNear: (at) => Math.abs(at - newest) <= REPORT_NS || Math.abs(at - foreseen) <= REPORT_NS,
  };
};
