import { describe, expect, test } from 'vitest';
import { lifeByRetries, modelTimeoutMs, retriesOf } from '../../../src/explain/kernel/retries.ts';

test.each([
  [1, 120_000, 600],
  [3, 120_000, 3000],
  [8, 120_000, 102_200],
  // From the tenth on each lasts TCP_RTO_MAX.
  [9, 120_000, 204_600],
  [15, 120_000, 924_600],
  [8, 1000, 6 * 1000 + 7 * 200],
])('%d retries at an RTO of at most %d ms last %d ms', (retries, rtoMaxMs, ms) => {
  expect(modelTimeoutMs(retries, rtoMaxMs)).toBe(ms);
});

describe('the retries of a sock', () => {
  const set = { orphanRetries: 0, retries2: 15, errSoft: false };

  test('are tcp_retries2 until it is an orphan', () => {
    expect(retriesOf(false, true, set)).toEqual({ sysctl: 'tcp_retries2', retries: 15 });
  });

  test('are 8 for an orphan under tcp_orphan_retries 0, and none once its timeout is at the maximum', () => {
    expect(retriesOf(true, true, set)).toEqual({ sysctl: 'tcp_orphan_retries', retries: 8 });
    expect(retriesOf(true, false, set).retries).toBe(0);
  });

  test('are none at the maximum where ICMP said something, whatever is set', () => {
    expect(retriesOf(true, false, { ...set, orphanRetries: 5 }).retries).toBe(5);
    expect(retriesOf(true, false, { ...set, orphanRetries: 5, errSoft: true }).retries).toBe(0);
    expect(retriesOf(true, true, { ...set, orphanRetries: 5, errSoft: true }).retries).toBe(5);
  });
});

test.each([
  // Measured: RTO 220 lived 3.37 s, 204 lived 6.66 s, both with the timer wheel's delay.
  [3, 3.2, 6.6],
  [2, 1.6, 3.5],
  // RTO 208 lived 110 s, 304 161 s, 408 108 s.
  [0, 102, 206],
])('under tcp_orphan_retries %d an orphan that nobody answers lives %d to %d s, by its RTO', (sysctl, least, most) => {
  const { leastMs, mostMs } = lifeByRetries(sysctl);
  expect(leastMs / 1000).toBeGreaterThan(least);
  expect(leastMs / 1000).toBeLessThan(least * 1.1);
  expect(mostMs / 1000).toBeLessThan(most * 1.01);
  expect(mostMs / 1000).toBeGreaterThan(most * 0.95);
});
