import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createWallClock } from '../../src/explain/wall-clock.ts';
import { traceNs } from '../../src/kernel/units.ts';
import { aHello } from '../builders/meta.ts';

const at = (ns: number, change: Parameters<typeof aHello>[0] = {}): string =>
  createWallClock(aHello(change)).textOf(traceNs(ns));

test.each([
  [0, '2026-01-01T00:00:00.250000000Z'],
  [1, '2026-01-01T00:00:00.250000001Z'],
  [749_999_999, '2026-01-01T00:00:00.999999999Z'],
  [750_000_000, '2026-01-01T00:00:01.000000000Z'],
  [-1, '2026-01-01T00:00:00.249999999Z'],
  [-250_000_000, '2026-01-01T00:00:00.000000000Z'],
  [-250_000_001, '2025-12-31T23:59:59.999999999Z'],
  [-1_250_000_001, '2025-12-31T23:59:58.999999999Z'],
  [86_400_000_000_000, '2026-01-02T00:00:00.250000000Z'],
])('%d ns after the handshake is %s', (ns, text) => {
  expect(at(ns)).toBe(text);
});

test('any time of a capture is RFC 3339 with nine digits, and differences are exact', () => {
  const { textOf } = createWallClock(aHello());
  fc.assert(
    fc.property(fc.integer({ min: -(10 ** 12), max: 9 * 10 ** 15 }), (ns) => {
      const text = textOf(traceNs(ns));
      expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
      const second = BigInt(Date.parse(`${text.slice(0, 19)}Z`)) * 1_000_000n;
      expect(second + BigInt(text.slice(20, 29))).toBe(1_767_225_600_250_000_000n + BigInt(ns));
    }),
  );
});

test('a handshake that no calendar holds gives a number of seconds, not a broken date', () => {
  expect(at(0, { wallSec: 999_999_999_999 })).toBe('@999999999999.250000000Z');
});

/** A step at `second` of the capture, to this time of 2026-01-01. */
const stepAt = (second: number, time: string, usec = 0) =>
  ({
    kind: 'wall_step',
    at: traceNs(second * 1e9),
    wallSec: Date.parse(`2026-01-01T${time}Z`) / 1000,
    wallUsec: usec,
  }) as const;

test('times from a step on go by the new clock, those before it by the old one, and it says so', () => {
  const clock = createWallClock(aHello());
  expect(clock.step(stepAt(100, '03:00:00', 250_000))).toBe(
    'the wall clock was set forward by 2 h 58 min, from 2026-01-01 00:01:40 UTC to 2026-01-01 03:00:00 UTC: later times go by the new clock, earlier ones by the old',
  );
  expect(clock.step(stepAt(200, '00:03:20', 230_000))).toMatch(
    / set back by 2 h 58 min, from 2026-01-01 03:01:40 UTC /,
  );
  const times = [99.999_999_999, 100, 199.5, 200, 201, -1].map((second) => clock.textOf(traceNs(second * 1e9)));
  expect(times).toEqual([
    '2026-01-01T00:01:40.249999999Z',
    '2026-01-01T03:00:00.250000000Z',
    '2026-01-01T03:01:39.750000000Z',
    '2026-01-01T00:03:20.230000000Z',
    '2026-01-01T00:03:21.230000000Z',
    '2025-12-31T23:59:59.250000000Z',
  ]);
});

test('a step that is older than another, or one of too many, changes nothing', () => {
  const clock = createWallClock(aHello());
  expect(clock.step(stepAt(100, '03:00:00'))).not.toBeNull();
  expect(clock.step(stepAt(99, '07:00:00'))).toBeNull();
  expect(clock.textOf(traceNs(101e9))).toBe('2026-01-01T03:00:01.000000000Z');
  let kept = 0;
  for (let i = 0; i < 5000; i++) if (clock.step(stepAt(100 + i, '05:00:00')) !== null) kept++;
  expect(kept).toBeLessThan(2000);
});
