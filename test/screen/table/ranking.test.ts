import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareKeys, createRanking, type Key } from '../../../src/screen/table/ranking.ts';

type Item = { readonly key: Key; readonly at: number };

const rankedOf = (
  keys: readonly Key[],
  most: number,
  stopEvery = Number.POSITIVE_INFINITY,
  offersAll = true,
  isReversed = false,
): readonly Item[] => {
  const ranking = createRanking<Item>(most, isReversed);
  keys.forEach((key, at) => {
    // An item that it does not want changes nothing.
    if (offersAll || ranking.wants(key)) ranking.offer({ key, at }, key);
  });
  let asked = 0;
  for (;;) {
    const items = ranking.sort(() => ++asked % stopEvery !== 0);
    if (items !== null) return items;
  }
};

const sortedOf = (keys: readonly Key[], most: number, isReversed = false): readonly Item[] =>
  keys
    .map((key, at) => ({ key, at }))
    .toSorted((a, b) => compareKeys(a.key, b.key, isReversed) || a.at - b.at)
    .slice(0, most);

test('keeps what a whole sort would put first, in its order, equal ones as they came', () => {
  const few = fc.integer({ min: 0, max: 5 });
  const keys = fc.oneof(
    fc.array(few, { maxLength: 300 }),
    fc.array(fc.oneof(fc.double({ noNaN: true }), fc.constant(null)), { maxLength: 300 }),
    fc.array(fc.constantFrom('a', 'b', 'ab', ''), { maxLength: 300 }),
  );
  fc.assert(
    fc.property(keys, fc.integer({ min: 0, max: 320 }), fc.boolean(), (given, most, isReversed) => {
      const ranked = rankedOf(given, most, Number.POSITIVE_INFINITY, true, isReversed);
      expect(ranked).toEqual(sortedOf(given, most, isReversed));
    }),
  );
});

test('sorts in pieces what it kept of many', () => {
  const keys = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 5003);
  expect(rankedOf(keys, 4000, 2)).toEqual(sortedOf(keys, 4000));
});

test('what it does not want need not be offered', () => {
  const keys = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 300 });
  fc.assert(
    fc.property(keys, fc.nat(40), (offered, most) => {
      const whole = rankedOf(offered, most);
      const wanted = rankedOf(offered, most, Number.POSITIVE_INFINITY, false);
      expect(wanted).toEqual(whole);
    }),
  );
});

test('unknown is last, whichever way the order goes', () => {
  const orderOf = (keys: readonly Key[], isReversed: boolean) =>
    rankedOf(keys, 9, Number.POSITIVE_INFINITY, true, isReversed).map(({ key }) => key);
  expect(orderOf([null, 1, 3, null, 2], false)).toEqual([3, 2, 1, null, null]);
  expect(orderOf([null, 1, 3, null, 2], true)).toEqual([1, 2, 3, null, null]);
  expect(orderOf(['b', null, 'a'], true)).toEqual(['b', 'a', null]);
});
