import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSums } from '../../../src/capture/bpftrace/sums.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const sums = () => {
  const told: (readonly [number, string])[] = [];
  return { told, ...createSums(100, (count, about) => told.push([count, about])) };
};

test('the first is told at once, what follows in sums, one every 100 ms for each kind', () => {
  const { told, add } = sums();
  for (let ms = 0; ms < 1000; ms++) {
    add(2, 'a full map');
    if (ms === 500) add(1, 'a full buffer');
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(1000);
  const counts = told.filter(([, about]) => about === 'a full map').map(([count]) => count);
  expect(counts[0]).toBe(2);
  expect(counts.length).toBeLessThanOrEqual(11);
  expect(counts.reduce((a, b) => a + b)).toBe(2000);
  expect(told.filter(([, about]) => about === 'a full buffer')).toEqual([[1, 'a full buffer']]);
});

test('what comes after a rest is told at once again, and no timer is left running', () => {
  const { told, add } = sums();
  add(1, 'x');
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(0);
  add(3, 'x');
  expect(told).toEqual([
    [1, 'x'],
    [3, 'x'],
  ]);
});

test('at the end all is told, once', () => {
  const { told, add, flush } = sums();
  add(1, 'x');
  add(4, 'x');
  add(5, 'x');
  flush();
  flush();
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([
    [1, 'x'],
    [9, 'x'],
  ]);
  expect(vi.getTimerCount()).toBe(0);
});
