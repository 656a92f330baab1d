import { expect, it } from 'vitest';
import { counted, nounOf, rate, thousands } from '../../src/text/count.ts';

it('counts have their thousands apart, and an unknown one is ?', () => {
  expect([0, 999, 16_384, 1_234_567].map(thousands)).toEqual(['0', '999', '16,384', '1,234,567']);
  expect(thousands(-1200)).toBe('-1,200');
  expect(thousands(null)).toBe('?');
});

it('one is no plural', () => {
  expect([0, 1, 1200].map((count) => counted(count, 'orphan'))).toEqual(['0 orphans', '1 orphan', '1,200 orphans']);
  expect([1, 2].map((count) => counted(count, 'process', 'processes'))).toEqual(['1 process', '2 processes']);
  expect([0, 1].map((count) => nounOf(count, 'entry', 'entries'))).toEqual(['entries', 'entry']);
  expect([1, 1200].map((count) => nounOf(count, 'line'))).toEqual(['line', 'lines']);
});

it.each([
  [null, '?'],
  [0, '0/s'],
  [0.42, '0.4/s'],
  [12, '12/s'],
  [118.4, '118/s'],
  [12_345, '12.3k/s'],
])('%s events a second are %s', (perSec, text) => {
  expect(rate(perSec)).toBe(text);
});
