import { describe, expect, test } from 'vitest';
import { median, quantile, rotate, spread } from '../../bench/statistics.ts';

describe('median', () => {
  test('is the middle one, whatever the order', () => expect(median([9, 1, 5])).toBe(5));
  test('of an even number is the mean of the two in the middle', () => expect(median([10, 1, 2, 4])).toBe(3));
  test('sorts numbers as numbers', () => expect(median([10, 9, 100])).toBe(10));
  test('of nothing is null', () => expect(median([])).toBeNull());
});

describe('quantile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

  test('p99 of a hundred is the second largest', () => expect(quantile(hundred.toReversed(), 0.99)).toBe(99));
  test('0 and 1 are the least and the most', () => {
    expect(quantile(hundred, 0)).toBe(1);
    expect(quantile(hundred, 1)).toBe(100);
  });
  test('of nothing is null', () => expect(quantile([], 0.5)).toBeNull());
});

describe('spread', () => {
  const text = (value: number): string => value.toFixed(1);

  test('is median, least and most', () => expect(spread([3, 1, 2], text)).toBe('2.0 (1.0–3.0)'));
  test('says one figure once', () => expect(spread([2, 2.01, 1.99], text)).toBe('2.0'));
  test('leaves rounds out that have none', () => expect(spread([null, 4, null], text)).toBe('4.0'));
  test('of nothing is a dash', () => expect(spread([null], text)).toBe('—'));
});

test('rotate changes the order and nothing else', () => {
  expect([0, 1, 2, 3].map((by) => rotate(['a', 'b', 'c'], by).join(''))).toEqual(['abc', 'bca', 'cab', 'abc']);
  expect(rotate([], 3)).toEqual([]);
});
