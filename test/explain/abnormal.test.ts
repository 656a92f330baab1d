import { expect, test } from 'vitest';
import { abnormalDeaths } from '../../src/explain/abnormal.ts';
import { abnormalWords } from '../../src/explain/report/abnormal-words.ts';
import { traceNs } from '../../src/kernel/units.ts';
import type { AbnormalEnds } from '../../src/lifecycle/abnormal.ts';
import { ENDED } from '../../src/wire/event.ts';

const REASONS = new Map([
  [13, 'TCP_ABORT_ON_MEMORY'],
  [14, 'TCP_STATE'],
]);
const some = (change: Partial<AbnormalEnds> = {}): AbnormalEnds => ({
  end: ENDED.unread_data,
  isNotMemory: false,
  reset: 0,
  port: 8080,
  pid: 4711,
  comm: 'api',
  count: 800,
  sampled: 80,
  forMemory: 0,
  perSecond: 200.04,
  lastAt: traceNs(0),
  ...change,
});
const ends = (change: Partial<AbnormalEnds>) =>
  abnormalDeaths([some(change)], REASONS).map(({ ended_by, side, count, sampled }) => [ended_by, side, count, sampled]);

test.each([
  [ENDED.unread_data, 'unread_data', 'local'],
  [ENDED.linger_zero, 'linger_zero', 'local'],
  [ENDED.linger2, 'linger2', 'local'],
  [ENDED.killed, 'killed', 'operator'],
  [ENDED.peer_reset, 'peer_reset', 'peer'],
  [ENDED.data_after_close, 'data_after_close', 'peer'],
])('kind %d is %s, side %s', (end, name, side) => {
  expect(ends({ end })).toEqual([[name, side, 800, 80]]);
});

test('a kill at a limit is orphan_limit where the probe saw that it was not memory', () => {
  const limit = { end: ENDED.limit, reset: 14 };
  expect(ends({ ...limit, isNotMemory: true })).toEqual([['orphan_limit', 'limit', 800, 80]]);
  // Kernels before 6.12 give no reason.
  expect(ends({ ...limit, reset: 255, isNotMemory: true })).toEqual([['orphan_limit', 'limit', 800, 80]]);
  expect(ends({ ...limit, forMemory: 800 })).toEqual([['out_of_memory', 'limit', 800, 80]]);
  expect(ends({ ...limit, forMemory: 200 })).toEqual([
    ['unknown', 'limit', 600, 60],
    ['out_of_memory', 'limit', 200, 20],
  ]);
  // MPTCP resets its subflows so, and gives another reason.
  expect(ends({ ...limit, reset: 3, isNotMemory: true })).toEqual([['unknown', 'unknown', 800, 80]]);
});

test('a kill whose error comes after its reset is one by its reason, not at a limit', () => {
  expect(ends({ end: ENDED.limit, reset: 15, isNotMemory: true })).toEqual([['killed', 'operator', 800, 80]]);
});

test('they are told of in words: who, what, how fast, where, how many', () => {
  const words = (change: Partial<AbnormalEnds> = {}) => abnormalDeaths([some(change)], REASONS).map(abnormalWords)[0];
  expect(words()).toBe('api[4711] resets clients with unread data: 200/s on port 8080, 800 connections in all');
  expect(words({ pid: null, perSecond: null, count: 1 })).toBe(
    'api resets clients with unread data: 1 connection on port 8080 in all',
  );
  expect(words({ end: ENDED.limit, isNotMemory: true, port: null, perSecond: 2.51 })).toBe(
    'connections that api[4711] closes are reset at tcp_max_orphans: 2.5/s, 800 connections in all',
  );
  expect(words({ comm: null, pid: null, end: ENDED.killed })).toContain('a process that was not observed');
});
