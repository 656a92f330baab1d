import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createWallClock } from '../../src/explain/wall-clock.ts';
import { traceNs } from '../../src/kernel/units.ts';
import { aHello } from '../builders/meta.ts';

const at = (ns: number, change: Parameters<typeof aHello>[0] = {}): string =>
  createWallClock(aHello(change))(traceNs(ns));

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
  const clock = createWallClock(aHello());
  fc.assert(
    fc.property(fc.integer({ min: -(10 ** 12), max: 9 * 10 ** 15 }), (ns) => {
      const text = clock(traceNs(ns));
      expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
      const second = BigInt(Date.parse(`${text.slice(0, 19)}Z`)) * 1_000_000n;
      expect(second + BigInt(text.slice(20, 29))).toBe(1_767_225_600_250_000_000n + BigInt(ns));
    }),
  );
});

test('a handshake that no calendar holds gives a number of seconds, not a broken date', () => {
  expect(at(0, { wallSec: 999_999_999_999 })).toBe('@999999999999.250000000Z');
});
