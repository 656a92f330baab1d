import type { Group, Row, Section } from './report.ts';
import { createTally, type Tally } from './tally.ts';

/**
 * Number of keys with a count of their own. Sockets of later keys are counted as one group, so that a long run does not
 * grow.
 */
const MAX_KEYS = 1024;

/** Number of groups in a section; the smaller ones join the rest. */
const MAX_GROUPS = 100;

export const OTHER = 'other';

export type Grouped = {
  /** @param narrower - names the group in place of `key` if all its rows have the same */
  readonly add: (row: Row, key: string, narrower?: string) => void;
  /** Number of keys; Infinity once one had no room. */
  readonly keys: () => number;
  readonly section: () => Section;
};

/** Counts sockets by a key, in bounded space. The figures of a key are exact, or the key is among the rest. */
export const createGroups = (maxKeys = MAX_KEYS, maxGroups = MAX_GROUPS): Grouped => {
  const all = createTally();
  const byKey = new Map<string, Tally>();
  const narrowed = new Map<string, string | null>();
  const rest = createTally();
  return {
    keys: () => (rest.count() === 0 ? byKey.size : Number.POSITIVE_INFINITY),
    add: (row, key, narrower) => {
      all.add(row);
      let tally = byKey.get(key);
      if (tally === undefined && byKey.size < maxKeys) {
        tally = createTally();
        byKey.set(key, tally);
        if (narrower !== undefined) narrowed.set(key, narrower);
      } else if (tally !== undefined && narrowed.get(key) !== narrower) narrowed.set(key, null);
      (tally ?? rest).add(row);
    },
    section: () => {
      const total = all.count();
      const groups = [...byKey]
        .map(([key, tally]) => groupOf(narrowed.get(key) ?? key, false, tally, total))
        .toSorted((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
      const shown = groups.slice(0, maxGroups);
      const small = groups.slice(maxGroups);
      const others = rest.count() === 0 ? small : [...small, groupOf(OTHER, true, rest, total)];
      return { totals: all.totals(), groups: others.length === 0 ? shown : [...shown, merged(others)] };
    },
  };
};

const groupOf = (key: string, isOther: boolean, tally: Tally, total: number): Group => {
  const { age_unknown: _, ...totals } = tally.totals();
  return { key, is_other: isOther, share: (totals.count / total) * 100, ...totals };
};

const merged = (groups: readonly Group[]): Group =>
  groups.reduce(
    (sum, group): Group => ({
      key: OTHER,
      is_other: true,
      count: sum.count + group.count,
      pid: null,
      share: sum.share + group.share,
      held_bytes: sum.count === 0 ? group.held_bytes : bytesOf(sum.held_bytes, group.held_bytes),
      held_unknown: sum.held_unknown + group.held_unknown,
      held_now_bytes: sum.count === 0 ? group.held_now_bytes : bytesOf(sum.held_now_bytes, group.held_now_bytes),
      held_now_unknown: sum.held_now_unknown + group.held_now_unknown,
      oldest_us: most(sum.oldest_us, group.oldest_us),
      since: least(sum.since, group.since),
      causes: added(sum.causes, group.causes),
      sides: added(sum.sides, group.sides),
      waiting_for: added(sum.waiting_for, group.waiting_for),
      deadline_earliest: least(sum.deadline_earliest, group.deadline_earliest),
      deadline_latest: most(sum.deadline_latest, group.deadline_latest),
      never_reaped: sum.never_reaped + group.never_reaped,
      without_deadline: sum.without_deadline + group.without_deadline,
      uncertain: sum.uncertain + group.uncertain,
    }),
    NOTHING,
  );

const NOTHING: Group = {
  key: OTHER,
  is_other: true,
  count: 0,
  pid: null,
  share: 0,
  held_bytes: 0,
  held_unknown: 0,
  held_now_bytes: 0,
  held_now_unknown: 0,
  oldest_us: null,
  since: null,
  causes: [],
  sides: [],
  waiting_for: [],
  deadline_earliest: null,
  deadline_latest: null,
  never_reaped: 0,
  without_deadline: 0,
  uncertain: 0,
};

/** Null stands for sockets whose memory is unknown: they add nothing. */
const bytesOf = (a: number | null, b: number | null): number | null => (a === null ? b : a + (b ?? 0));

const most = <Value extends number | string>(a: Value | null, b: Value | null): Value | null =>
  a === null ? b : b === null || a > b ? a : b;

const least = <Value extends number | string>(a: Value | null, b: Value | null): Value | null =>
  a === null ? b : b === null || a < b ? a : b;

const added = <Counted extends { readonly key: string; readonly count: number }>(
  a: readonly Counted[],
  b: readonly Counted[],
): readonly Counted[] => {
  const counts = new Map(a.map((each) => [each.key, each]));
  for (const each of b) counts.set(each.key, { ...each, count: each.count + (counts.get(each.key)?.count ?? 0) });
  return [...counts.values()].toSorted((x, y) => y.count - x.count || (x.key < y.key ? -1 : 1));
};
