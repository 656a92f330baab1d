import { expect, test } from 'vitest';
import { areTooManyOrphans, isIdleFor, isOutOfMemory, shortageOf } from '../../../src/explain/kernel/resources.ts';
import { NO_PRESSURE, orphansOf, pagesOf } from '../../builders/deadline.ts';

test('a figure that is not known decides nothing', () => {
  expect(areTooManyOrphans(null, 100, 2)).toBeNull();
  expect(isOutOfMemory(100, null)).toBeNull();
  expect(shortageOf(NO_PRESSURE, 1e6, true, false, true)).toBeNull();
});

test('a timer counts orphans twice for an idle sock, and twice more where ICMP said something', () => {
  const at = (orphans: number, isIdle: boolean, errSoft: boolean) =>
    shortageOf(orphansOf(orphans, 100), 0, isIdle, true, errSoft);
  expect(at(100, false, false)).toBeNull();
  expect(at(101, false, false)).toEqual({ rule: 'orphan_limit', limit: 0 });
  expect(at(51, true, false)).toEqual({ rule: 'orphan_limit', limit: 1 });
  expect(at(26, true, true)).toEqual({ rule: 'orphan_limit', limit: 2 });
  expect(at(25, true, true)).toBeNull();
});

test('memory kills only a sock with more than the least send buffer queued', () => {
  expect(shortageOf(pagesOf(101, 100), 4608, false, true, false)).toBeNull();
  expect(shortageOf(pagesOf(101, 100), 4609, false, true, false)).toEqual({ rule: 'out_of_memory', limit: 0 });
  expect(shortageOf(pagesOf(100, 100), 4609, false, true, false)).toBeNull();
});

test('a sock is idle after twice the longest timeout', () => {
  expect([240_000, 240_001].map((ms) => isIdleFor(ms, 120_000))).toEqual([false, true]);
});
