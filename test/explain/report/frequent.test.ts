import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFrequent } from '../../../src/explain/report/frequent.ts';

describe('frequent keys', () => {
  test('are exact where there is room for all, and the first of equals by name', () => {
    const keys = createFrequent<number>(3);
    for (const key of ['b', 'a', 'c', 'a', 'b']) keys.add(key, 1);
    expect(keys.largest()).toEqual({ key: 'a', count: 2, isExact: true, value: 1, isOneValue: true });
    expect(keys.largest((key) => key === 'c')?.count).toBe(1);
    expect(createFrequent().largest()).toBeNull();
  });

  test('tell whether all of a key came with one value', () => {
    const keys = createFrequent<number>();
    keys.add('a', 7);
    keys.add('a', 8);
    expect(keys.largest()).toMatchObject({ value: 7, isOneValue: false });
  });

  test('are found however late they come, and never counted too high', () => {
    const keys = createFrequent<null>(10);
    for (let i = 0; i < 1000; i++) keys.add(`rare ${i}`, null);
    for (let i = 0; i < 1000; i++) keys.add('late', null);
    const found = keys.largest();
    expect(found).toMatchObject({ key: 'late', isExact: false });
    expect(found?.count).toBeGreaterThan(1000 - 2000 / 10);
    expect(found?.count).toBeLessThanOrEqual(1000);
  });

  test('are too low by at most one in as many as there is room for', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 200 }), fc.integer({ min: 1, max: 8 }), (input, room) => {
        const keys = createFrequent<null>(room);
        for (const key of input) keys.add(String(key), null);
        for (const key of new Set(input)) {
          const real = input.filter((each) => each === key).length;
          expect(keys.countOf(String(key))).toBeLessThanOrEqual(real);
          expect(keys.countOf(String(key))).toBeGreaterThanOrEqual(real - input.length / (room + 1));
        }
      }),
    );
  });
});
