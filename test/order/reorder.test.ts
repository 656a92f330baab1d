import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type TraceNs, traceNs } from '../../src/kernel/units.ts';
import { createReorder, type ReorderOptions } from '../../src/order/reorder.ts';

type Item = { readonly at: TraceNs; readonly id: number };
type Out = { readonly item: Item; readonly isOutOfOrder: boolean };

const run = (
  times: readonly number[],
  change: Partial<Omit<ReorderOptions<Item>, 'emit'>> = {},
  isOwn: (index: number) => boolean = () => false,
) => {
  const out: Out[] = [];
  const held: number[] = [];
  const windows: number[] = [];
  const reorder = createReorder<Item>({
    windowNs: 100,
    maxWindowNs: 1000,
    maxHeld: 1_000_000,
    maxWeight: 1_000_000,
    maxCpus: 8,
    ...change,
    emit: (item, isOutOfOrder) => out.push({ item, isOutOfOrder }),
  });
  for (const [id, at] of times.entries()) {
    reorder.push({ at: traceNs(at), id }, !isOwn(id), 1, 0);
    held.push(id + 1 - out.length);
    windows.push(reorder.windowNs());
  }
  const beforeFlush = out.length;
  reorder.flush();
  return { out, held, windows, beforeFlush, times: out.map(({ item }) => item.at) };
};

const times = fc.array(fc.integer({ min: -2000, max: 20_000 }), { maxLength: 200, size: 'max' });
const isSorted = (list: readonly number[]): boolean => list.every((at, i) => i === 0 || at >= (list[i - 1] ?? 0));

describe('any stream', () => {
  test('comes out sorted, but for events marked out of order', () => {
    fc.assert(
      fc.property(times, (given) => {
        const { out } = run(given);
        expect(isSorted(out.filter((each) => !each.isOutOfOrder).map(({ item }) => item.at))).toBe(true);
      }),
    );
  });

  test('an event out of order is older than one given on before it, and no other is', () => {
    fc.assert(
      fc.property(times, (given) => {
        let newestGiven = Number.NEGATIVE_INFINITY;
        for (const { item, isOutOfOrder } of run(given).out) {
          expect(isOutOfOrder).toBe(item.at < newestGiven);
          if (!isOutOfOrder) newestGiven = item.at;
        }
      }),
    );
  });

  test('loses nothing and doubles nothing', () => {
    fc.assert(
      fc.property(times, fc.nat({ max: 20 }), fc.func(fc.boolean()), (given, maxHeld, isOwn) => {
        const { out } = run(given, { maxHeld }, isOwn);
        expect(out.map(({ item }) => item.id).toSorted((a, b) => a - b)).toEqual(given.map((_, id) => id));
      }),
    );
  });

  test('keeps the order of arrival among events of one instant', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 50, 100, 500, 550), { maxLength: 100, size: 'max' }), (given) => {
        const { out } = run(given);
        const onTime = out.filter((each) => !each.isOutOfOrder).map(({ item }) => item);
        for (const [i, item] of onTime.entries()) {
          const before = onTime[i - 1];
          if (before?.at === item.at) expect(before.id).toBeLessThan(item.id);
        }
      }),
    );
  });
});

describe('the window', () => {
  /** Sorted times, each displaced in arrival by less than `most` ns of event time. */
  const displaced = (most: number) =>
    fc.array(fc.tuple(fc.nat({ max: 50 }), fc.nat({ max: most })), { maxLength: 150, size: 'max' }).map((steps) => {
      let now = 0;
      return steps
        .map(([step, delay]) => {
          now += step;
          return { at: now, seen: now + delay };
        })
        .toSorted((a, b) => a.seen - b.seen)
        .map(({ at }) => at);
    });

  test('events displaced by no more than it come out sorted, none out of order', () => {
    fc.assert(
      fc.property(displaced(100), (given) => {
        const { out, times: sorted } = run(given);
        expect(out.some((each) => each.isOutOfOrder)).toBe(false);
        expect(isSorted(sorted)).toBe(true);
      }),
    );
  });

  test('an event waits until one newer by the window has come, and no longer', () => {
    expect(run([0, 99]).beforeFlush).toBe(0);
    expect(run([0, 100]).beforeFlush).toBe(1);
  });

  test('grows to twice the delay it meets', () => {
    const displaced = run([0, 400, 600, 250]);
    expect(displaced.windows.at(-1)).toBe(2 * (600 - 250));
    expect(displaced.out.find((each) => each.isOutOfOrder)?.item.at).toBe(250);
  });

  test('once grown, the same displacement is not out of order again', () => {
    const { out } = run([0, 400, 600, 250, 2000, 2400, 2600, 2250]);
    expect(out.filter((each) => each.isOutOfOrder).map(({ item }) => item.id)).toEqual([3]);
  });

  test('never shrinks and never passes its bound', () => {
    fc.assert(
      fc.property(times, (given) => {
        const { windows } = run(given);
        expect(isSorted([100, ...windows])).toBe(true);
        expect(Math.max(100, ...windows)).toBeLessThanOrEqual(1000);
      }),
    );
  });
});

describe('own events', () => {
  test('do not let time pass, however far ahead their clock is', () => {
    const { beforeFlush } = run([0, 10_000, 50], {}, (index) => index === 1);
    expect(beforeFlush).toBe(0);
  });

  test('put no event out of order', () => {
    const { out } = run([0, 10_000, 50], {}, (index) => index === 1);
    expect(out.map(({ item, isOutOfOrder }) => [item.at, isOutOfOrder])).toEqual([
      [0, false],
      [50, false],
      [10_000, false],
    ]);
  });

  test('take their place in time among events of the kernel', () => {
    const { times: sorted } = run([0, 60, 30, 500], {}, (index) => index === 2);
    expect(sorted).toEqual([0, 30, 60, 500]);
  });
});

describe('maxHeld', () => {
  test('bounds what is held, whatever the window says', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 20 }), (given, maxHeld) => {
        const { held } = run(given, { maxHeld, windowNs: 1e9, maxWindowNs: 1e9 });
        expect(Math.max(0, ...held)).toBeLessThanOrEqual(maxHeld);
      }),
    );
  });

  test('gives the oldest on first', () => {
    const { out, beforeFlush } = run([30, 10, 20], { maxHeld: 2 });
    expect(beforeFlush).toBe(1);
    expect(out[0]?.item.at).toBe(10);
  });
});

test('an event of the very instant last given on is not out of order', () => {
  const { out } = run([0, 100, 0]);
  expect(out.map(({ item, isOutOfOrder }) => [item.id, isOutOfOrder])).toEqual([
    [0, false],
    [2, false],
    [1, false],
  ]);
});

test('a hundred thousand displaced events, more than any buffer keeps, come out sorted and whole', () => {
  // A fixed walk: each is displaced by up to 90 of the window's 100.
  const given = Array.from({ length: 100_000 }, (_, i) => i * 10 - ((i * 7919) % 10) * 10);
  const { out, held } = run(given);
  expect(out.some((each) => each.isOutOfOrder)).toBe(false);
  const sorted = given.map((at, id) => ({ at, id })).toSorted((a, b) => a.at - b.at || a.id - b.id);
  expect(out.map(({ item }) => item)).toEqual(sorted);
  expect(Math.max(...held)).toBeLessThan(50);
});

test('flushing twice gives nothing twice, and the stream may go on', () => {
  const out: number[] = [];
  const reorder = createReorder<Item>({
    windowNs: 10,
    maxWindowNs: 10,
    maxHeld: 10,
    maxWeight: 10,
    maxCpus: 8,
    emit: (item) => out.push(item.at),
  });
  reorder.push({ at: traceNs(5), id: 0 }, true, 1, 0);
  reorder.flush();
  reorder.flush();
  reorder.push({ at: traceNs(7), id: 1 }, true, 1, 0);
  reorder.flush();
  expect(out).toEqual([5, 7]);
});

test('holds no more weight than it may: then the oldest go on, and what is older than they comes out of order', () => {
  const out: Out[] = [];
  const reorder = createReorder<Item>({
    windowNs: 1e9,
    maxWindowNs: 1e9,
    maxHeld: 1_000_000,
    maxWeight: 1000,
    maxCpus: 8,
    emit: (item, isOutOfOrder) => out.push({ item, isOutOfOrder }),
  });
  for (const [id, at] of [10, 5, 20].entries()) reorder.push({ at: traceNs(at), id }, true, 400, 0);
  expect(out.map(({ item }) => item.at)).toEqual([5]);
  reorder.push({ at: traceNs(1), id: 3 }, true, 900, 0);
  expect(out.at(-1)).toMatchObject({ item: { at: 1 }, isOutOfOrder: true });
  reorder.push({ at: traceNs(30), id: 4 }, true, 1001, 0);
  expect(out.map(({ item }) => item.at)).toEqual([5, 1, 10, 20, 30]);
});
