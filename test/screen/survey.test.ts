import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_FILTER, type PathFilter } from '../../src/filter/table.ts';
import { type Query, type Row, SORTS } from '../../src/screen/frame/model.ts';
import { createSurvey } from '../../src/screen/survey.ts';
import {
  createPass,
  type Dying,
  dyingOf,
  isSock,
  keyOfDying,
  rowOfDying,
  type Standing,
} from '../../src/screen/table/pass.ts';
import type { Vantage } from '../../src/screen/table/rows.ts';
import { firstDying, selectFrom } from '../../src/screen/table/select.ts';
import type { OpenStream } from '../../src/stream/open-stream.ts';
import { hostIdOf } from '../../src/stream/stream.ts';
import { aMeta } from '../builders/meta.ts';
import { destroyLine, ms, tickLine } from '../builders/wire-lines.ts';
import { heldOf, lineOf, manyOrphans, skOf } from './many.ts';

const HOST = hostIdOf(aMeta());

const aQuery = (change: Partial<Query> = {}): Query => ({
  filter: '',
  sort: 'age',
  limit: 10,
  offset: 0,
  detail: null,
  ...change,
});
/** Deadlines that have nothing to do with the age; each eighth is unknown, or never comes. */
const dueOf = (dying: Dying): NonNullable<Row['deadlineMs']> | null => {
  if (!isSock(dying)) return null;
  const ms = (dying.closedAt / 1e6) * 7919;
  return ms % 8 === 0 ? null : ms % 8 === 1 ? 'never' : ms % 1009;
};
const vantageOf = (fold: OpenStream) => ({
  host: fold.host,
  now: fold.tracker.now(),
  netns: 4_026_531_840,
  evidenceAt: fold.tracker.evidenceAt,
  deadlineMs: dueOf,
});
const rowAt = (dying: Dying, vantage: Vantage): Row => ({ ...rowOfDying(dying, vantage), deadlineMs: dueOf(dying) });
const keys = (rows: readonly Dying[]): readonly string[] => rows.map((dying) => keyOfDying(HOST, dying));

/** To its end, asked to stop after every few socks. */
const passed = (
  fold: OpenStream,
  query: Query,
  filter: PathFilter,
  keep: number,
  followed: Dying | null = null,
): Standing => {
  const vantage = vantageOf(fold);
  const pass = createPass(fold.tracker, { query, filter, keep, followed, addsUpHeld: true, vantage });
  for (;;) {
    const standing = pass.work(() => true);
    if (standing !== null) return standing;
  }
};

const anyQuery = fc.record({
  sort: fc.constantFrom(...SORTS),
  isReversed: fc.boolean(),
  filter: fc.constantFrom('', 'fin_wait2', '10.3. comm1', 'nobody', 'peer_fin', '!comm1 !10.3.'),
});
const anyFilter = fc.constantFrom<PathFilter>(
  NO_FILTER,
  { ...NO_FILTER, minAgeUs: 2_600_000 },
  { ...NO_FILTER, comm: 'comm2' },
  { ...NO_FILTER, state: 'CLOSING', minAgeUs: 1 },
);

describe('a pass, whatever it is stopped by,', () => {
  const fold = manyOrphans(300, 20);

  test('finds the rows, their order and their number as a sort of all of them does', () => {
    fc.assert(
      fc.property(anyQuery, anyFilter, fc.integer({ min: 1, max: 400 }), (wanted, filter, keep) => {
        const query = aQuery({ ...wanted, limit: keep });
        const vantage = vantageOf(fold);
        const rows = firstDying(fold.tracker, vantage, filter, 1000).map((one) => rowAt(one, vantage));
        const whole = selectFrom(rows, query);
        const standing = passed(fold, query, filter, keep);
        expect(keys(standing.rows)).toEqual(whole.rows.map(({ key }) => key));
        expect(standing.matching).toBe(whole.matching);
      }),
    );
  });

  test('knows where the followed row stands, and that it is not among them', () => {
    const all = [...dyingOf(fold.tracker)];
    fc.assert(
      fc.property(anyQuery, fc.integer({ min: 0, max: all.length - 1 }), (wanted, index) => {
        const followed = all[index] ?? null;
        const query = aQuery({ ...wanted, follow: followed === null ? null : keyOfDying(HOST, followed) });
        const vantage = vantageOf(fold);
        const rows = all.map((one) => rowAt(one, vantage));
        expect(passed(fold, query, NO_FILTER, 5, followed).followIndex).toBe(selectFrom(rows, query).followIndex);
      }),
    );
  });

  test('adds up the memory of all of them, those that no filter lets through included', () => {
    const sum = Array.from({ length: 300 }, (_, i) => heldOf(i)).reduce((a, b) => a + b);
    for (const filter of ['', 'nobody', 'comm1']) {
      expect(passed(fold, aQuery({ sort: 'held', filter }), NO_FILTER, 5).heldBytes).toBe(sum);
    }
    expect(passed(fold, aQuery(), { ...NO_FILTER, comm: 'comm2' }, 5).heldBytes).toBe(sum);
  });

  test('ends although socks are born and die under it', () => {
    const young = manyOrphans(500);
    const pass = createPass(young.tracker, {
      query: aQuery({ sort: 'held' }),
      filter: NO_FILTER,
      keep: 100,
      followed: null,
      addsUpHeld: true,
      vantage: vantageOf(young),
    });
    let standing: Standing | null = null;
    let turns = 0;
    for (let i = 500; standing === null; i += 100) {
      for (let k = i; k < i + 100; k++) young.push(lineOf(k));
      young.push(destroyLine({ at: ms(i + 99), sk: skOf(i % 500) }));
      standing = pass.work(() => true);
      expect(++turns).toBeLessThan(100);
    }
    expect(new Set(keys(standing.rows)).size).toBe(100);
  });
});

describe('a survey of a table that is too large for one piece', () => {
  /** Each look at the clock is a millisecond: a piece is over after a few hundred socks. */
  const surveyed = (count: number, filter: PathFilter = NO_FILTER) => {
    const fold = manyOrphans(count);
    let now = 0;
    const survey = createSurvey(fold.tracker, filter, () => now++);
    const pageOf = (query: Query) => survey.page(query, vantageOf(fold), null);
    const look = (query: Query, isThrifty = false) => survey.look(query, vantageOf(fold), null, isThrifty);
    const finish = (): number => {
      let pieces = 0;
      while (!survey.goOn()) pieces++;
      return pieces;
    };
    return { fold, survey, pageOf, look, finish };
  };
  const byHeld = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, i) => i)
      .toSorted((a, b) => heldOf(b) - heldOf(a))
      .map((i) => `testhost/${skOf(i)}/1`);

  test('shows the table before while a new order is worked out, and says how far it is', () => {
    const { pageOf, look, finish } = surveyed(3000);
    look(aQuery());
    finish();
    const wanted = aQuery({ sort: 'held' });
    look(wanted);
    const early = pageOf(wanted);
    expect(early.query.sort).toBe('age');
    expect(keys(early.rows)[0]).toBe(`testhost/${skOf(0)}/1`);
    expect(early.progress).toBeGreaterThan(0);
    expect(early.progress).toBeLessThan(1);
    expect(finish()).toBeGreaterThan(3);
    const page = pageOf(wanted);
    expect(page).toMatchObject({ query: wanted, progress: null, matching: 3000 });
    expect(keys(page.rows)).toEqual(byHeld(3000).slice(0, 10));
  });

  test('answers scrolling from the rows it kept, and looks again for what is further down', () => {
    const { pageOf, look, finish } = surveyed(5000);
    look(aQuery({ sort: 'held' }));
    finish();
    const near = aQuery({ sort: 'held', offset: 3000 });
    expect(keys(pageOf(near).rows)).toEqual(byHeld(5000).slice(3000, 3010));
    const far = aQuery({ sort: 'held', offset: 4990 });
    expect(pageOf(far).progress).not.toBeNull();
    look(far);
    finish();
    expect(keys(pageOf(far).rows)).toEqual(byHeld(5000).slice(4990));
  });

  test('drops what has ended from the page at once, without another look', () => {
    const { fold, pageOf, look, finish } = surveyed(3000);
    const query = aQuery({ sort: 'held' });
    look(query);
    finish();
    const [first = ''] = byHeld(3000);
    fold.push(destroyLine({ at: ms(5600), sk: first.split('/')[1] ?? '' }));
    fold.push(tickLine(ms(9000)));
    const page = pageOf(query);
    expect(keys(page.rows)).toEqual(byHeld(3000).slice(1, 11));
    expect(page.matching).toBe(2999);
  });

  test('knows no sum of the memory before it has looked at all, and looks at none when it must be thrifty', () => {
    const { survey, look, finish } = surveyed(3000);
    look(aQuery(), true);
    expect(survey.isAtWork()).toBe(false);
    look(aQuery());
    expect(survey.isAtWork()).toBe(true);
    expect(survey.heldBytes()).toBeNull();
    finish();
    expect(survey.heldBytes()).toBe(Array.from({ length: 3000 }, (_, i) => heldOf(i)).reduce((a, b) => a + b));
  });

  test('works out what somebody waits for even when it must be thrifty', () => {
    const { survey, pageOf, look, finish } = surveyed(3000);
    const query = aQuery({ filter: 'comm3' });
    look(query, true);
    finish();
    expect(pageOf(query)).toMatchObject({ matching: 600, progress: null });
    expect(survey.heldBytes()).toBeNull();
  });

  test('thrifty, leaves an order as it is until its rows have died out, and not longer', () => {
    const { fold, survey, pageOf, look, finish } = surveyed(4500);
    const query = aQuery({ sort: 'held' });
    look(query);
    finish();
    // A look at the clock is a millisecond.
    const passTime = (): void => {
      for (let i = 0; i < 30_000; i++) look(query, true);
    };
    passTime();
    expect(survey.isAtWork()).toBe(false);
    for (const key of byHeld(4500).slice(0, 3995))
      fold.push(destroyLine({ at: ms(7100), sk: key.split('/')[1] ?? '' }));
    fold.push(tickLine(ms(9000)));
    expect(pageOf(query).rows).toHaveLength(5);
    passTime();
    finish();
    expect(keys(pageOf(query).rows)).toEqual(byHeld(4500).slice(3995, 4005));
  });

  test('a short --min-age hides the young ones, and takes no look at all the others', () => {
    const { survey, pageOf, look } = surveyed(3000, { ...NO_FILTER, minAgeUs: 10_000 });
    look(aQuery(), true);
    expect(survey.isAtWork()).toBe(false);
    expect(keys(pageOf(aQuery()).rows)[0]).toBe(`testhost/${skOf(0)}/1`);
    const young = surveyed(3000, { ...NO_FILTER, minAgeUs: 100_000 });
    young.fold.push(tickLine(ms(6000)));
    for (const at of [6001, 6002, 6003]) young.fold.push(lineOf(at));
    young.fold.push(tickLine(ms(6050)));
    expect(keys(young.pageOf(aQuery({ offset: 2995 })).rows)).toHaveLength(5);
  });

  test('with a filter of the command line has no row before it has looked, and says so', () => {
    const { pageOf, look, finish } = surveyed(3000, { ...NO_FILTER, comm: 'comm3' });
    look(aQuery());
    const early = pageOf(aQuery());
    expect(early.rows).toEqual([]);
    expect(early.progress).not.toBeNull();
    finish();
    expect(pageOf(aQuery())).toMatchObject({ matching: 600, progress: null });
  });
});
