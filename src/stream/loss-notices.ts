import type { TraceNs } from '../kernel/units.ts';

/** A person reads no more than this of one reason. */
const EVERY_NS = 1e9;
/** Reasons told apart: finwait writes a handful, a recording may hold any. */
const MOST_REASONS = 32;

export type LossNotices = {
  readonly lost: (count: number, where: string, at: TraceNs) => void;
  /** Event time has come this far: tells what has waited long enough. */
  readonly advance: (at: TraceNs) => void;
  /** Tells all that waits. */
  readonly end: () => void;
};

/**
 * Words for what was lost: at once, and then at most once a second of event time for each reason, with the sum.
 * A host in trouble loses in hundreds of places a second, and each line to stderr would hold up the reading.
 */
export const createLossNotices = (onNotice: (text: string, at: TraceNs) => void): LossNotices => {
  const told = new Map<string, { at: TraceNs; waiting: number; newest: TraceNs }>();

  const tell = (count: number, where: string, at: TraceNs): void => onNotice(`${count} events lost: ${where}`, at);

  return {
    lost: (count, given, at) => {
      const where = told.has(given) || told.size < MOST_REASONS ? given : 'for one of many reasons';
      const before = told.get(where);
      if (before === undefined) {
        told.set(where, { at, waiting: 0, newest: at });
        tell(count, where, at);
        return;
      }
      before.waiting += count;
      before.newest = at;
    },
    advance: (at) => {
      for (const [where, one] of told) {
        if (at - one.at < EVERY_NS) continue;
        if (one.waiting === 0) {
          told.delete(where);
          continue;
        }
        tell(one.waiting, where, one.newest);
        one.waiting = 0;
        one.at = at;
      }
    },
    end: () => {
      for (const [where, { waiting, newest }] of told) if (waiting > 0) tell(waiting, where, newest);
      told.clear();
    },
  };
};
