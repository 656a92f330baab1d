import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactWheel, meanWheel } from '../../../src/explain/kernel/wheel.ts';

const HZ = 250;
const JIFFY = 4e6;

describe('the timer wheel', () => {
  it('a short timer is overdue by the jiffy it was set in', () => {
    expect(exactWheel({ hz: HZ, jiffies: 1000, atNs: 0 })(0, 40)).toBe(11 * JIFFY);
  });

  it('64 jiffies and more are rounded up to the next of eight', () => {
    // 1000 + 102 jiffies: the next multiple of 8 is 1104.
    expect(exactWheel({ hz: HZ, jiffies: 1000, atNs: 0 })(0, 408)).toBe(104 * JIFFY);
    // A multiple itself is rounded up too.
    expect(exactWheel({ hz: HZ, jiffies: 1002, atNs: 0 })(0, 408)).toBe(110 * JIFFY);
  });

  it('what it adds does not depend on where jiffies wrap', () => {
    const before = exactWheel({ hz: HZ, jiffies: 2 ** 32 - 8, atNs: 0 });
    const afterWrap = exactWheel({ hz: HZ, jiffies: 2 ** 32 - 8 - 2 ** 32, atNs: 0 });
    expect(before(1e9, 6000)).toBe(afterWrap(1e9, 6000));
  });

  it('never fires early, and is overdue by an eighth and a jiffy at most', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(100, 250, 300, 1000),
        fc.nat(2 ** 32 - 1),
        fc.integer({ min: 0, max: 1e13 }),
        fc.integer({ min: 1, max: 600_000 }),
        (hz, jiffies, at, ms) => {
          const fires = exactWheel({ hz, jiffies, atNs: 0 })(at, ms);
          expect(fires).toBeGreaterThanOrEqual(at + ms * 1e6);
          expect(fires).toBeLessThanOrEqual(at + ms * 1e6 * (1 + 8 / 63) + 2e9 / hz);
          const mean = meanWheel(hz)(at, ms);
          expect(mean).toBeGreaterThan(at + ms * 1e6);
          expect(mean).toBeLessThanOrEqual(at + ms * 1e6 * (1 + 8 / 63) + 2e9 / hz);
        },
      ),
    );
  });
});
