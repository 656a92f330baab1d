import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { deadlineOfSilent } from '../../src/explain/deadline/deadline.ts';
import { NO_FILTER } from '../../src/filter/table.ts';
import { traceNs } from '../../src/kernel/units.ts';
import { createTopStore, type StoreOptions } from '../../src/screen/store.ts';
import { aMeta } from '../builders/meta.ts';
import { destroyLine, lostLine, ms, sampleLine, sec, tallyLine, tickLine } from '../builders/wire-lines.ts';
import { heldOf, lineOf, manyOrphans, skOf } from './many.ts';

const REST = { ifAnsweredAt: null, ifOverdueAt: null, rule: 'retries', because: [], isExact: true } as const;

/** A store over `count` orphans, and how many frames it has drawn. */
const stored = (count: number, options: Partial<StoreOptions> = {}, meta = aMeta()) => {
  const store = createTopStore({ sourceName: '', ...options });
  const fold = manyOrphans(count, 0, {
    onEnd: (sock) => store.onEnd(sock),
    onLedger: (row) => store.onLedger(row),
    onNotice: (text, at, lostWhere) => store.streamNotice(text, fold.wallClock(at), lostWhere),
  });
  store.attach({ ...fold, meta });
  store.setPhase('tracing');
  let frames = 0;
  store.subscribe(() => frames++);
  const framesIn = (time: number): number => {
    frames = 0;
    vi.advanceTimersByTime(time);
    return frames;
  };
  return { store, fold, framesIn, status: () => store.getSnapshot().status };
};

describe('a store', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('publishes five frames a second, however many sockets there are and lines come', () => {
    const { fold, framesIn, store } = stored(3000);
    expect(framesIn(2000)).toBe(10);
    for (let i = 3000; i < 6000; i++) fold.push(lineOf(i));
    fold.push(tickLine(ms(9000)));
    expect(framesIn(2000)).toBe(10);
    expect(store.getSnapshot()).toMatchObject({ total: 6000, matching: 6000 });
    expect(store.getSnapshot().rows).toHaveLength(24);
  });

  test('has one count of lost events on a frame: the header’s, not the newest notice’s', () => {
    const { fold, framesIn, status } = stored(1);
    fold.push(lostLine(sec(2), 1, 'a buffer was full'));
    fold.push(lostLine(sec(3), 5, 'a map was full'));
    fold.push(tickLine(sec(9)));
    framesIn(1000);
    expect(status()).toMatchObject({ lostEvents: 6, notice: 'events lost: a map was full' });
  });

  test('names those that there were while the filter lets nothing through, dying or dead', () => {
    const { fold, framesIn, status } = stored(3, { filter: { ...NO_FILTER, comm: 'comm9' } });
    framesIn(1000);
    expect(status().unmatched).toBe('no socket passed --comm comm9; there were --comm comm0, comm1, comm2');
    const other = stored(0, { filter: { ...NO_FILTER, comm: 'comm9' } });
    other.framesIn(1000);
    expect(other.status().unmatched).toBe('no socket passed --comm comm9; no other was seen either');
    other.fold.push(lineOf(4));
    other.fold.push(destroyLine({ at: ms(5), sk: skOf(4) }));
    other.fold.push(tickLine(sec(9)));
    other.framesIn(1000);
    expect(other.status().unmatched).toBe('no socket passed --comm comm9; there were --comm comm4');
    expect(fold.tracker.dyingCount()).toBe(3);
    const passing = stored(3, { filter: { ...NO_FILTER, comm: 'comm1' } });
    passing.framesIn(1000);
    expect(passing.status().unmatched).toBe('');
    passing.fold.push(destroyLine({ at: sec(9), sk: skOf(1) }));
    for (const second of [20, 30, 40]) passing.fold.push(tickLine(sec(second)));
    passing.framesIn(1000);
    expect(passing.store.getSnapshot().rows).toEqual([]);
    expect(passing.status().unmatched).toBe('');
  });

  test('says since when its figures stand while no event comes, and no longer once one comes', () => {
    const { fold, status, store } = stored(10);
    fold.push(tickLine(ms(9000)));
    vi.advanceTimersByTime(2800);
    expect(status().staleMs).toBeNull();
    vi.advanceTimersByTime(1200);
    expect(status().staleMs).toBeGreaterThanOrEqual(3800);
    expect(status().staleMs).toBeLessThanOrEqual(4200);
    fold.push(tickLine(ms(15_000)));
    vi.advanceTimersByTime(400);
    expect(status().staleMs).toBeNull();
    vi.advanceTimersByTime(5000);
    expect(status().staleMs).not.toBeNull();
    store.setPhase('failed');
    expect(status().staleMs).toBeNull();
  });

  test('says nothing of the kind in a recording, which has a pace of its own', () => {
    const { status } = stored(10, { sourceName: 'x.fwr' });
    vi.advanceTimersByTime(10_000);
    expect(status().staleMs).toBeNull();
  });

  test('works out deadlines of the rows on the screen', () => {
    const meta = aMeta({ jiffies: null });
    const { store, fold } = stored(100, {}, meta);
    const deadline = vi.fn<typeof fold.deadline>(() => deadlineOfSilent());
    store.attach({ ...fold, meta, deadline });
    store.setQuery({ limit: 7, offset: 20 });
    expect(deadline).toHaveBeenCalledTimes(7);
    expect(store.getSnapshot().rows.map(({ deadlineMs }) => deadlineMs)).toEqual(new Array(7).fill(null));
  });

  test('orders by the end, and by it turned round, paused too', () => {
    const meta = aMeta({ jiffies: null });
    const { store, fold } = stored(50, {}, meta);
    const deadline: typeof fold.deadline = (dying) => {
      if ('kind' in dying) return deadlineOfSilent();
      const at = traceNs(fold.tracker.now() + ((dying.closedAt * 7919) % 1009) * 1e6);
      return { kind: 'at', at, expectedAt: at, nextTimerAt: at, ...REST };
    };
    store.attach({ ...fold, meta, deadline });
    const due = (): readonly unknown[] => store.getSnapshot().rows.map(({ deadlineMs }) => deadlineMs);
    const rising = (values: readonly unknown[]) => values.toSorted((a, b) => Number(a) - Number(b));
    for (const isPaused of [false, true]) {
      store.setQuery({ sort: 'age', isReversed: false, limit: 50 });
      store.setPaused(isPaused);
      store.setQuery({ sort: 'due' });
      expect(due()).toHaveLength(50);
      expect(new Set(due()).size).toBeGreaterThan(20);
      expect(due()).toEqual(rising(due()));
      store.setQuery({ isReversed: true });
      expect(due()).toEqual(rising(due()).toReversed());
    }
  });

  test('under load gives up frames, then due times and sums, never the ledger; and has them back, one by one', () => {
    let busy = 1;
    const { store, fold, framesIn, status } = stored(50, { busy: () => busy });
    expect(status()).toMatchObject({ overload: '', heldBytes: expect.any(Number) });
    vi.advanceTimersByTime(1000);
    expect(status().overload).toBe('overloaded: drawing every 1 s');
    vi.advanceTimersByTime(2000);
    expect(status().overload).toMatch(/^overloaded: drawing every 2 s, no due times/);
    expect(framesIn(10_000)).toBe(5);
    expect(status().heldBytes).toBeNull();
    expect(store.getSnapshot().rows[0]).not.toHaveProperty('deadlineMs');
    for (let i = 50; i < 150; i++) fold.push(lineOf(i));
    for (let i = 0; i < 30; i++) fold.push(destroyLine({ at: ms(2000 + i), sk: skOf(i) }));
    fold.push(tickLine(sec(5)));
    expect(framesIn(2000)).toBe(1);
    expect(status().orphans).toBe(120);
    expect(fold.tracker.ledger()).toMatchObject({ entries: 150, exits: 30 });
    busy = 0.1;
    vi.advanceTimersByTime(6400);
    expect(status().overload).toBe('');
    expect(store.getSnapshot().rows[0]).toHaveProperty('deadlineMs');
    expect(framesIn(2000)).toBe(10);
    expect(status().heldBytes).toBe(
      Array.from({ length: 120 }, (_, i) => heldOf(i + 30)).reduce((sum, held) => sum + held),
    );
  });

  test('does not take the reading of a recording for an overload', () => {
    const { status } = stored(5, { sourceName: 'x.fwr', busy: null });
    vi.advanceTimersByTime(10_000);
    expect(status().overload).toBe('');
  });

  test('tells how many deaths a second were only counted, and from which age on they are told', () => {
    const { store, fold, status } = stored(1, {}, aMeta({ min_age_ms: 10 }));
    expect(status()).toMatchObject({ fastDeaths: 0, minAgeMs: 10 });
    const second = (at: number, count: number): void => {
      fold.push(tallyLine(sec(at), count));
      fold.push(sampleLine(sec(at) + ms(100), 1));
      for (const later of [500, 600]) fold.push(tickLine(sec(at) + ms(later)));
    };
    const rates = () => {
      store.setPhase('tracing');
      const { fastDeaths, fastDeathsPerSec, entriesPerSec, exitsPerSec } = status();
      return [fastDeaths, fastDeathsPerSec, entriesPerSec, exitsPerSec];
    };
    // The first count is of all since the attach, and what the ledger told before it lacked them.
    expect(rates()).toEqual([0, null, null, null]);
    second(8, 0);
    second(9, 0);
    expect(rates()).toEqual([0, 0, 0, 0]);
    fold.push(tallyLine(sec(9.9), 400));
    fold.push(tickLine(sec(9.95)));
    fold.push(tickLine(sec(9.96)));
    expect(rates()).toEqual([400, null, null, null]);
    second(10, 500);
    expect(rates()).toEqual([500, null, null, null]);
    second(11, 1734);
    expect(rates()).toEqual([1734, 1234, 1234, 1234]);
  });

  test('without a notion of what is fast says none', () => {
    expect(stored(1).status().minAgeMs).toBeNull();
  });

  test('paused stands still, and still answers the filter, the order and the page', () => {
    const { store, fold } = stored(300);
    store.setPaused(true);
    for (let i = 300; i < 400; i++) fold.push(lineOf(i));
    fold.push(tickLine(sec(5)));
    vi.advanceTimersByTime(1000);
    expect(store.getSnapshot()).toMatchObject({ total: 300, matching: 300 });
    store.setQuery({ sort: 'held', filter: 'comm3', offset: 2, limit: 3 });
    const { rows, matching } = store.getSnapshot();
    const expected = Array.from({ length: 300 }, (_, i) => i)
      .filter((i) => i % 5 === 3)
      .map(heldOf)
      .toSorted((a, b) => b - a);
    expect(matching).toBe(60);
    expect(rows.map(({ heldBytes }) => heldBytes)).toEqual(expected.slice(2, 5));
    expect(store.getSnapshot().status.notice).toBe('');
    store.setPaused(false);
    store.setQuery({ filter: '' });
    expect(store.getSnapshot().total).toBe(400);
  });

  test('paused over a large table holds its first rows, and says how many of how many', () => {
    const { store } = stored(5000);
    store.setPaused(true);
    expect(store.getSnapshot()).toMatchObject({ total: 5000, matching: 4000 });
    expect(store.getSnapshot().status.notice).toBe('paused on 4,000 rows of 5,000 dying sockets');
    store.setQuery({ offset: 3990, limit: 50 });
    expect(store.getSnapshot().rows).toHaveLength(10);
    store.setPaused(false);
    expect(store.getSnapshot().status.notice).toBe('');
  });

  test('an open socket is described wherever it stands, and keeps its path when it has ended', () => {
    const { store, fold } = stored(300);
    const key = `testhost/${skOf(7)}/1`;
    store.setQuery({ detail: key });
    expect(store.getSnapshot().detail).toMatchObject({ type: 'dying', sk: skOf(7) });
    store.setQuery({ offset: 200 });
    expect(store.getSnapshot().detail).toMatchObject({ type: 'dying', sk: skOf(7) });
    fold.push(destroyLine({ at: ms(2800), sk: skOf(7) }));
    fold.push(tickLine(sec(5)));
    fold.push(tickLine(sec(6)));
    vi.advanceTimersByTime(400);
    expect(store.getSnapshot().detail).toMatchObject({ type: 'close_path', sk: skOf(7) });
    store.setQuery({ detail: null });
    expect(store.getSnapshot().detail).toBeNull();
  });

  test('an unread filter of the command line is told by what it filters', () => {
    const { store } = stored(100, { filter: { ...NO_FILTER, comm: 'comm1' } });
    expect(store.getSnapshot()).toMatchObject({ matching: 20, total: 100 });
    expect(store.getSnapshot().progress ?? null).toBeNull();
  });
});

describe('a frame', () => {
  const medianOf = (count: number, sort: 'age' | 'held'): Promise<number> =>
    new Promise((resolve) => {
      const store = createTopStore({ sourceName: '' });
      const fold = manyOrphans(count);
      store.attach(fold);
      store.setQuery({ sort, limit: 44 });
      const begun = setInterval(() => {
        const { progress, query } = store.getSnapshot();
        if (query.sort !== sort || typeof progress === 'number') return;
        clearInterval(begun);
        // The pass has just been made: this times a frame alone.
        const costs = Array.from({ length: 31 }, () => {
          const start = performance.now();
          store.setPhase('tracing');
          return performance.now() - start;
        }).toSorted((a, b) => a - b);
        store.stop();
        resolve(costs[15] ?? Number.NaN);
      }, 20);
    });

  test.each(['age', 'held'] as const)(
    'in the order of %s costs about the same of 60,000 sockets as of 6,000',
    async (sort) => {
      const few = await medianOf(6000, sort);
      const many = await medianOf(60_000, sort);
      // Ten times the sockets: sorting them all would make it ten times the cost, and more.
      expect(many).toBeLessThan(4 * few + 2);
    },
  );
});
