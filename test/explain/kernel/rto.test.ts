import { expect, test } from 'vitest';
import {
  clampToUserTimeout,
  isBelowMax,
  probedMs,
  probeIntervalMs,
  rtoMaxOf,
} from '../../../src/explain/kernel/rto.ts';

test('the longest timeout is 120 s where the kernel has no setting, and at least 1 s where it has', () => {
  expect([0, 200, 1000, 30_000].map(rtoMaxOf)).toEqual([120_000, 1000, 1000, 30_000]);
});

test('the interval of window probes doubles from at least 200 ms up to the longest timeout', () => {
  expect([0, 1, 9, 10, 15].map((backoff) => probeIntervalMs(208, backoff, 120_000))).toEqual([
    208, 416, 106_496, 120_000, 120_000,
  ]);
  expect(probeIntervalMs(50, 1, 120_000)).toBe(400);
});

test('after some probes the timer has run for the sum of their intervals', () => {
  expect(probedMs(208, 3, 120_000)).toBe(208 * (2 + 4 + 8));
  expect(probedMs(208, 12, Number.POSITIVE_INFINITY)).toBe(208 * (2 ** 13 - 2));
});

test('an orphan is below the maximum until its timeout, doubled by its backoff, reaches it', () => {
  expect(isBelowMax(119_999, 120_000)).toBe(true);
  expect(isBelowMax(120_000, 120_000)).toBe(false);
  expect(isBelowMax(208, 120_000, 9)).toBe(true);
  expect(isBelowMax(208, 120_000, 10)).toBe(false);
});

test('under TCP_USER_TIMEOUT the timer is set for what is left of it, if that comes first', () => {
  expect(clampToUserTimeout(800, 0, 5000, 4)).toBe(800);
  expect(clampToUserTimeout(800, 2000, 500, 4)).toBe(800);
  expect(clampToUserTimeout(800, 2000, 1500, 4)).toBe(500);
  expect(clampToUserTimeout(800, 2000, 2500, 4)).toBe(4);
});
