import { causeOf } from '../cause-of.ts';
import type { Cause, Side, WaitingFor } from '../close-path.ts';
import { isUncertain } from './doubt.ts';
import type { Count, Row, Totals } from './report.ts';

/** Sums over sockets, in constant space. */
export type Tally = {
  readonly add: (row: Row) => void;
  readonly count: () => number;
  readonly totals: () => Totals;
};

export const createTally = (): Tally => {
  let count = 0;
  let pid: number | null | undefined;
  let held = 0;
  let heldUnknown = 0;
  let heldNow = 0;
  let heldNowUnknown = 0;
  let dying = 0;
  let oldest: number | null = null;
  let ageUnknown = 0;
  let since: string | null = null;
  let earliest: string | null = null;
  let latest: string | null = null;
  let never = 0;
  let withoutDeadline = 0;
  let uncertain = 0;
  const causes = new Map<Cause, number>();
  const sides = new Map<Side, number>();
  const waits = new Map<WaitingFor, number>();

  return {
    add: (row) => {
      count++;
      const by = row.closer?.pid ?? null;
      pid = pid === undefined || pid === by ? by : null;
      if (row.held_bytes === null) heldUnknown++;
      else held += row.held_bytes;
      if (row.dying_us === null) ageUnknown++;
      else oldest = Math.max(oldest ?? 0, row.dying_us);
      // All times have one format, so their order is that of their texts.
      if (row.closed_at !== null && (since === null || row.closed_at < since)) since = row.closed_at;
      if (row.type === 'dying') {
        dying++;
        if (row.held_now_bytes === null) heldNowUnknown++;
        else heldNow += row.held_now_bytes;
        const deadline = row.deadline_at;
        if (row.deadline === 'never') never++;
        else if (deadline === null) withoutDeadline++;
        else {
          if (earliest === null || deadline < earliest) earliest = deadline;
          if (latest === null || deadline > latest) latest = deadline;
        }
      }
      if (isUncertain(row)) uncertain++;
      increment(causes, causeOf(row));
      increment(sides, row.side);
      increment(waits, row.waiting_for);
    },
    count: () => count,
    totals: () => ({
      count,
      pid: pid ?? null,
      held_bytes: count > 0 && heldUnknown === count ? null : held,
      held_unknown: heldUnknown,
      held_now_bytes: heldNowUnknown === dying && count > 0 ? null : heldNow,
      held_now_unknown: heldNowUnknown,
      oldest_us: oldest,
      age_unknown: ageUnknown,
      since,
      causes: sorted(causes),
      sides: sorted(sides),
      waiting_for: sorted(waits),
      deadline_earliest: earliest,
      deadline_latest: latest,
      never_reaped: never,
      without_deadline: withoutDeadline,
      uncertain,
    }),
  };
};

const increment = <Key>(counts: Map<Key, number>, key: Key): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

const sorted = <Key extends string>(counts: ReadonlyMap<Key, number>): readonly Count<Key>[] =>
  [...counts].map(([key, count]) => ({ key, count })).toSorted((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
