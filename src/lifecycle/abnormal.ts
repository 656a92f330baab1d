import type { TraceNs } from '../kernel/units.ts';
import { BOUNDS } from '../wire/bounds.ts';
import { ENDED, type Ended } from '../wire/event.ts';
import type { Pressure } from './sock.ts';
import { isNear } from './tallied.ts';

/** Abnormal ends are counted by this, and so are their samples. `reset` matters for an end by a limit only. */
type What = Pick<Ended, 'end' | 'isNotMemory' | 'reset' | 'port' | 'pid' | 'comm'>;

/** Abnormal ends of one kind, closer and port. */
export type AbnormalEnds = What & {
  /** Data met a minisock of theirs, by the peer's address: null where it is not known. For other ends undefined. */
  readonly minisockOf?: string | null;
  /** Ends since the capture began, announced ones included. */
  readonly count: number;
  /** Those of them that were announced, as samples. */
  readonly sampled: number;
  /** Ends for a limit that may have been tcp_mem, which came while orphans were known not to be near theirs. */
  readonly forMemory: number;
  /** Ends a second while they came; null where that was too short to tell. */
  readonly perSecond: number | null;
  /** Time of the newest count that grew. */
  readonly lastAt: TraceNs;
};

export type Abnormal = {
  /** Takes a count. False: there is no room for one more kind, closer and port. */
  readonly count: (event: Ended, pressure: Pressure) => boolean;
  /** A minisock reset data. `isSampled`: the path of its socket says so. */
  readonly minisock: (of: MinisockData, at: TraceNs, isSampled: boolean) => void;
  /** So many such resets since the capture began were too many to be told of one by one. */
  readonly untold: (count: number, at: TraceNs) => void;
  /** One of them was announced. */
  readonly sample: (of: What, closedAt: TraceNs) => void;
  /** Most first. */
  readonly all: () => readonly AbnormalEnds[];
};

/** The socket that a minisock followed, and the peer whose data it reset; null is unknown. */
export type MinisockData = Pick<Ended, 'port' | 'pid' | 'comm'> & { readonly peer: string | null };

/** Nothing is known of them but their number. */
const ANY_MINISOCK: MinisockData = { port: null, pid: null, comm: null, peer: null };

const minisockKey = ({ port, pid, comm, peer }: MinisockData): string => [peer, port, pid, comm].join(' ');

/** Counts come once a second. A pause this long begins another run of ends. */
const PAUSE_NS = 3e9;
/** Counts of one printing come within this. */
const SAME_NS = 3e8;
const SECOND_NS = 1e9;
/** So few ends are no rate. */
const FEW = 3;

/** Ends without a pause, by the counts that grew. `from` is the first end's time. */
type Run = { from: number; base: number; before: Point | null; last: Point };
type Point = { readonly at: number; readonly count: number };

type Group = {
  readonly of: What & Pick<AbnormalEnds, 'minisockOf'>;
  count: number;
  /** For minisocks alone: those whose path says so. */
  told: number;
  forMemory: number;
  run: Run | null;
  /** Ends in the longest run before this one, and their number a second. */
  best: { readonly count: number; readonly perSecond: number | null };
};

/**
 * Keeps the counts of abnormal ends that the kernel counted by kind, closer and port, and how many a second they were.
 * The kernel's counts only grow; a line of a count that is known already changes nothing.
 */
export const createAbnormal = (): Abnormal => {
  const counts = new Map<string, number>();
  const groups = new Map<string, Group>();
  const minisocks = new Map<string, Group>();
  let untold = 0;
  const samples = new Map<string, { of: What; count: number; startedAt: TraceNs; newestAt: TraceNs }>();

  /**
   * The first end of the run that a count at `at` begins: samples tell its time, else it was within the second before.
   */
  const startOf = (group: Group, at: TraceNs): number => {
    if (group.of.minisockOf !== undefined) return at;
    const sampled = samples.get(keyOf(group.of))?.startedAt;
    return sampled !== undefined && sampled > at - PAUSE_NS && sampled < at ? sampled : at - SECOND_NS;
  };

  const ofMinisocks = (of: MinisockData): Group => {
    const key = minisockKey(of);
    const found = minisocks.get(key);
    if (found !== undefined) return found;
    const { port, pid, comm, peer } = of;
    const what = { end: ENDED.data_after_close, isNotMemory: false, reset: 0, port, pid, comm };
    const group = emptyGroup({ ...what, minisockOf: peer });
    minisocks.set(key, group);
    return group;
  };

  const grow = (group: Group, at: TraceNs, more: number): void => {
    const { run } = group;
    const base = group.count;
    group.count += more;
    const last = { at, count: group.count };
    if (run === null || at - run.last.at > PAUSE_NS) {
      if (run !== null) group.best = longer(group.best, run);
      group.run = { from: startOf(group, at), base, before: null, last };
      return;
    }
    if (at - run.last.at > SAME_NS) run.before = run.last;
    run.last = last;
  };

  return {
    count: (event, { orphans, limit }) => {
      const { isNotMemory, reset, at } = event;
      const of = whatOf(event);
      const groupKey = keyOf(of);
      const key = [groupKey, reset, event.closedIn, event.exiting, event.isKernels].join(' ');
      const more = event.count - (counts.get(key) ?? 0);
      if (more <= 0) return true;
      if (!counts.has(key) && counts.size >= BOUNDS.ends) return false;
      counts.set(key, event.count);
      let group = groups.get(groupKey);
      if (group === undefined) {
        group = emptyGroup(of);
        groups.set(groupKey, group);
      }
      grow(group, at, more);
      if (!isNotMemory && isNear(orphans, limit) === false) group.forMemory += more;
      return true;
    },
    minisock: (of, at, isSampled) => {
      const isFull = minisocks.size >= BOUNDS.minisocks && !minisocks.has(minisockKey(of));
      const group = ofMinisocks(isFull ? ANY_MINISOCK : of);
      grow(group, at, 1);
      if (isSampled) group.told++;
    },
    untold: (count, at) => {
      if (count <= untold) return;
      grow(ofMinisocks(ANY_MINISOCK), at, count - untold);
      untold = count;
    },
    sample: (sampled, closedAt) => {
      const of = whatOf(sampled);
      const key = keyOf(of);
      const before = samples.get(key);
      if (before === undefined) {
        if (samples.size < BOUNDS.ends) samples.set(key, { of, count: 1, startedAt: closedAt, newestAt: closedAt });
        return;
      }
      before.count++;
      if (closedAt - before.newestAt > PAUSE_NS) before.startedAt = closedAt;
      before.newestAt = closedAt;
    },
    all: () =>
      [...groups.values(), ...minisocks.values()]
        .map(({ of, count, told, forMemory, run, best }): AbnormalEnds => {
          const sampled = of.minisockOf === undefined ? samplesOf(of) : told;
          const { perSecond } = run === null ? best : longer(best, run);
          return { ...of, count, sampled, forMemory, perSecond, lastAt: (run?.last.at ?? 0) as TraceNs };
        })
        .sort((a, b) => b.count - a.count),
  };

  function samplesOf(of: What): number {
    return (samples.get(keyOf(of))?.count ?? 0) + (of.pid === null ? unowned(of) : 0);
  }

  /** Samples of processes that are counted together under one name. */
  function unowned(group: What): number {
    let sum = 0;
    for (const [key, { of, count }] of samples) {
      if (of.pid !== null && !groups.has(key) && keyOf({ ...of, pid: null }) === keyOf(group)) sum += count;
    }
    return sum;
  }
};

const emptyGroup = (of: Group['of']): Group => ({
  of,
  count: 0,
  told: 0,
  forMemory: 0,
  run: null,
  best: { count: 0, perSecond: null },
});

const whatOf = ({ end, isNotMemory, reset, port, pid, comm }: What): What => ({
  ...{ end, isNotMemory, port, pid, comm },
  reset: end === ENDED.limit ? reset : 0,
});

const keyOf = ({ end, isNotMemory, reset, port, pid, comm }: What): string =>
  [end, isNotMemory, reset, port, pid, comm].join(' ');

const longer = (best: Group['best'], run: Run): Group['best'] => {
  const count = run.last.count - run.base;
  return count > best.count ? { count, perSecond: rateOf(run) } : best;
};

/** The newest count may be of a part of its second. If there is one before it, that one tells. */
const rateOf = ({ from, base, before, last }: Run): number | null => {
  if (last.count - base < FEW) return null;
  const until = before ?? last;
  const ns = Math.max(until.at - from, before === null ? SECOND_NS : SAME_NS);
  return ((until.count - base) * 1e9) / ns;
};
