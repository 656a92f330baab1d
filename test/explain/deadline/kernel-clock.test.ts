import { describe, expect, it } from 'vitest';
import { createKernelClock, type KernelClock } from '../../../src/explain/deadline/kernel-clock.ts';
import { aHello } from '../../builders/meta.ts';

/** Read at the handshake's instant on a host that has slept for 400 s. */
const READING = { value: 5000, boot_ns: '1000000000123', monotonic_ns: '600000000123' };

const clock = (change: Partial<typeof READING> = {}): KernelClock => {
  const made = createKernelClock({ hz: 250, jiffies: { ...READING, ...change } }, aHello());
  if (made === null) throw new Error('no clock');
  return made;
};

describe("the kernel's clocks in capture time", () => {
  it('a jiffy begins where it can have begun at the earliest: a whole one before the reading', () => {
    expect(clock().jiffiesAt(5000, 0)).toBe(-4e6);
    expect(clock().jiffiesAt(5051, 0)).toBe(200e6);
    expect(clock().jiffiesAt(4949, 0)).toBe(-208e6);
  });

  it('of the jiffies that read the same, those nearest to the line are meant', () => {
    const near = 30 * 86_400e9;
    const at = clock().jiffiesAt((5000 + 30 * 86_400 * 250 + 51) % 2 ** 32, near);
    expect(at).toBe(near + 200e6);
  });

  it('a count that wraps goes on', () => {
    expect(clock({ value: 2 ** 32 - 1 }).jiffiesAt(50, 0)).toBe(200e6);
  });

  it('a stamp counts monotonic milliseconds, without the sleep', () => {
    expect(clock().stampAt(599_500, 0)).toBe(-500e6);
    expect(clock().stampAt(601_000, 1.5e9)).toBe(1e9);
  });

  it('a stamp that cannot be milliseconds is microseconds', () => {
    const far = clock({ monotonic_ns: '90000000000123' });
    expect(far.stampAt(90_000_000_000 % 2 ** 32, 500e6)).toBe(0);
  });

  it('no stamp, and one that fits neither, are null', () => {
    expect(clock().stampAt(0, 0)).toBeNull();
    expect(clock().stampAt(900_000_000, 0)).toBeNull();
  });

  it('without a reading it knows HZ alone; without HZ it is none', () => {
    const bare = createKernelClock({ hz: 250, jiffies: null }, aHello());
    expect([bare?.hz, bare?.phase, bare?.jiffiesAt(1, 0), bare?.stampAt(1, 0)]).toEqual([250, null, null, null]);
    expect(createKernelClock({ hz: null, jiffies: READING }, aHello())).toBeNull();
  });
});
