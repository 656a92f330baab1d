import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Snapshot } from '../../../src/screen/frame/model.ts';
import { scrollTo, select, settle, TOP } from '../../../src/screen/keys/cursor.ts';
import { fakeStore, someRows } from '../builders.ts';

const page = (keys: readonly string[], offset = 0, change: Partial<Snapshot> = {}): Snapshot => {
  const { status, query, detail } = fakeStore([]).getSnapshot();
  const rows = someRows(keys.length).map((row, index) => ({ ...row, key: keys[index] ?? '' }));
  const matching = offset + rows.length;
  return { status, rows, matching, total: matching, query: { ...query, offset }, detail, ...change };
};

it('a selected row is followed when the order changes', () => {
  const cursor = select(1, page(['a', 'b', 'c']));
  expect(settle(cursor, page(['c', 'a', 'b']))).toMatchObject({ index: 2, key: 'b' });
});

it('when the selected row dies the one that takes its place is selected', () => {
  const cursor = select(1, page(['a', 'b', 'c']));
  expect(settle(cursor, page(['a', 'c']))).toMatchObject({ index: 1, key: 'c' });
  expect(settle(select(2, page(['a', 'b', 'c'])), page(['a', 'b']))).toMatchObject({ index: 1, key: 'b' });
});

it('an untouched cursor stays on the top row, whichever that is', () => {
  expect(settle(TOP, page(['z', 'a']))).toBe(TOP);
});

it('a row that left the page is followed to where the store says it is', () => {
  const cursor = select(1, page(['a', 'b', 'c']));
  const away = page(['x', 'y', 'z']);
  const told = { ...away, matching: 40, query: { ...away.query, follow: 'b' }, followIndex: 31 };
  expect(settle(cursor, told)).toMatchObject({ index: 31, key: 'b' });
  expect(settle(cursor, { ...told, followIndex: null })).toMatchObject({ index: 1, key: 'y' });
});

it('a row beyond the page is taken once its page has come', () => {
  const beyond = select(4, page(['a', 'b'], 0, { matching: 6 }));
  expect(beyond).toMatchObject({ index: 4, key: null });
  expect(settle(beyond, page(['c', 'd', 'e', 'f'], 2))).toMatchObject({ index: 4, key: 'e' });
});

it('the page always shows the cursor and is full when it can be', () => {
  const nat = fc.nat(500);
  fc.assert(
    fc.property(nat, nat, fc.integer({ min: 1, max: 60 }), nat, (offset, at, rows, matching) => {
      const index = Math.max(0, Math.min(at, matching - 1));
      const first = scrollTo(offset, index, rows, matching);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(first).toBeLessThanOrEqual(index);
      expect(first + rows).toBeGreaterThan(index);
      if (matching >= rows) expect(first + rows).toBeLessThanOrEqual(matching);
    }),
  );
});
