import { describe, expect, test } from 'vitest';
import { traceNs } from '../../src/kernel/units.ts';
import { createAbnormal } from '../../src/lifecycle/abnormal.ts';
import type { Pressure } from '../../src/lifecycle/sock.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { ENDED, type Ended } from '../../src/wire/event.ts';

const CALM: Pressure = { orphans: 1, limit: 1000, memPages: 1, memHigh: 1000, isExact: true, isFresh: true };
const AT_LIMIT: Pressure = { ...CALM, orphans: 990 };

const counted = (seconds: number, count: number, change: Partial<Ended> = {}): Ended => ({
  kind: 'ended',
  at: traceNs(seconds * 1e9),
  end: ENDED.unread_data,
  isNotMemory: false,
  closedIn: 1,
  exiting: false,
  isKernels: false,
  reset: 12,
  port: 8080,
  pid: 4711,
  comm: 'api',
  count,
  ...change,
});

const rowsAfter = (events: readonly Ended[], samples: readonly number[] = [], pressure = CALM) => {
  const abnormal = createAbnormal();
  for (const seconds of samples) abnormal.sample(counted(0, 0), traceNs(seconds * 1e9));
  for (const event of events) abnormal.count(event, pressure);
  return abnormal.all();
};

describe('counts', () => {
  test('only grow: the newest is the count, and an older one changes nothing', () => {
    expect(rowsAfter([counted(1, 5), counted(2, 9), counted(3, 7)])[0]).toMatchObject({
      count: 9,
      pid: 4711,
      comm: 'api',
    });
  });

  test('of the same kind, closer and port are one, in whatever state the close found them; of another they are not', () => {
    const rows = rowsAfter([
      counted(1, 5),
      counted(1, 4, { closedIn: 8 }),
      counted(1, 2, { port: 9 }),
      counted(1, 3, { pid: 1 }),
    ]);
    expect(rows.map(({ count, port, pid }) => [count, port, pid])).toEqual([
      [9, 8080, 4711],
      [3, 8080, 1],
      [2, 9, 4711],
    ]);
  });

  test('beyond the bound are refused, and the known ones go on', () => {
    const abnormal = createAbnormal();
    for (let pid = 1; pid <= BOUNDS.ends; pid++) expect(abnormal.count(counted(1, 1, { pid }), CALM)).toBe(true);
    expect(abnormal.count(counted(1, 1, { pid: BOUNDS.ends + 1 }), CALM)).toBe(false);
    expect(abnormal.count(counted(2, 2, { pid: 1 }), CALM)).toBe(true);
    expect(abnormal.all()).toHaveLength(BOUNDS.ends);
  });

  test('of a limit that may be memory are memory only where orphans were not near theirs', () => {
    const limit = { end: ENDED.limit };
    expect(rowsAfter([counted(1, 5, limit)])[0]?.forMemory).toBe(5);
    expect(rowsAfter([counted(1, 5, limit)], [], AT_LIMIT)[0]?.forMemory).toBe(0);
    expect(rowsAfter([counted(1, 5, { ...limit, isNotMemory: true })])[0]?.forMemory).toBe(0);
  });
});

describe('how many a second', () => {
  const rateOf = (...of: Parameters<typeof rowsAfter>): number | null => rowsAfter(...of)[0]?.perSecond ?? null;

  test('is reckoned from the first end, which a sample tells, and not over the part of a second that the newest is of', () => {
    // 200 a second from 0.5 s to 4.5 s; the counts come with the seconds.
    const counts = [counted(1, 100), counted(2, 300), counted(3, 500), counted(4, 700), counted(5, 800)];
    expect(rateOf(counts, [0.5])).toBeCloseTo(200);
    // The first count came late.
    expect(rateOf(counts.slice(1), [0.5])).toBeCloseTo(200);
  });

  test('is not known of a few', () => {
    expect(rateOf([counted(1, 2)])).toBeNull();
  });

  test('of a burst within a second is at least their number', () => {
    expect(rateOf([counted(1, 50)], [0.9])).toBeCloseTo(50);
  });

  test('is that of the longest run: a pause does not lower it', () => {
    const counts = [counted(1, 200), counted(2, 400), counted(3, 600), counted(100, 610), counted(101, 611)];
    expect(rateOf(counts, [0])).toBeCloseTo(200);
  });
});

describe('samples', () => {
  test('are counted with what they are of, and those of many processes with their name', () => {
    const abnormal = createAbnormal();
    for (const pid of [1, 2, 3]) abnormal.sample(counted(0, 0, { pid, comm: 'a b' }), traceNs(0));
    abnormal.sample(counted(0, 0, { pid: 3, comm: 'other' }), traceNs(0));
    abnormal.count(counted(1, 1, { pid: 1, comm: 'a b' }), CALM);
    abnormal.count(counted(1, 40, { pid: null, comm: 'a b' }), CALM);
    expect(abnormal.all().map(({ pid, sampled, count }) => [pid, sampled, count])).toEqual([
      [null, 2, 40],
      [1, 1, 1],
    ]);
  });

  test('of two limits, or of a kill and a limit, of one process and port are told apart', () => {
    const abnormal = createAbnormal();
    const kinds = [
      { end: ENDED.limit, reset: 12, isNotMemory: true },
      { end: ENDED.limit, reset: 12, isNotMemory: false },
      { end: ENDED.limit, reset: 20, isNotMemory: true },
    ];
    for (const [i, kind] of kinds.entries()) {
      for (let n = 0; n <= i; n++) abnormal.sample(counted(0, 0, kind), traceNs(0));
      abnormal.count(counted(1, 40 - i, kind), CALM);
    }
    expect(abnormal.all().map(({ reset, isNotMemory, sampled }) => [reset, isNotMemory, sampled])).toEqual([
      [12, true, 1],
      [12, false, 2],
      [20, true, 3],
    ]);
  });
});
