import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareKeys, createRanking, type Key } from '../../../src/screen/table/ranking.ts';

type Item = { readonly key: Key; readonly at: number };

const rankedOf = (
  keys: readonly Key[],
  most: number,
  stopEvery = Number.POSITIVE_INFINITY,
  offersAll = true,
): readonly Item[] => {
  const ranking = createRanking<Item>(most);
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

const sortedOf = (keys: readonly Key[], most: number): readonly Item[] =>
  keys
    .map((key, at) => ({ key, at }))
    .toSorted((a, b) => compareKeys(a.key, b.key) || a.at - b.at)
    .slice(0, most);

test('keeps what a whole sort would put first, in its order, equal ones as they came', () => {
  const few = fc.integer({ min: 0, max: 5 });
  const keys = fc.oneof(
    fc.array(few, { maxLength: 300 }),
    fc.array(fc.double({ noNaN: true }), { maxLength: 300 }),
    fc.array(fc.constantFrom('a', 'b', 'ab', ''), { maxLength: 300 }),
  );
  fc.assert(
    fc.property(keys, fc.integer({ min: 0, max: 320 }), (given, most) => {
      expect(rankedOf(given, most)).toEqual(sortedOf(given, most));
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
