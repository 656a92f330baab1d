import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Dying, reapingOf } from '../../../src/explain/deadline/model.ts';
import { exactWheel, meanWheel, type Wheel } from '../../../src/explain/kernel/wheel.ts';
import {
  aDying,
  afterTicks,
  aProbing,
  mustReap,
  NO_DELAY,
  orphansOf,
  pagesOf,
  reapedAfter,
} from '../../builders/deadline.ts';

describe('the table of cases, seconds from the timer being set', () => {
  test.each<[string, Partial<Dying>, number]>([
    ['no setting, rto 204 ms', {}, 104.244],
    ['rto 1 s', { rtoMs: 1000 }, 127],
    ['rto 3 s', { rtoMs: 3000 }, 189],
    ['1 retry', { orphanRetries: 1 }, 1.428],
    ['2 retries', { orphanRetries: 2 }, 3.06],
    ['3 retries', { orphanRetries: 3 }, 6.324],
    ['TCP_USER_TIMEOUT 5 s', { userTimeoutMs: 5000 }, 5.204],
    ['TCP_USER_TIMEOUT 150 s lengthens its life', { userTimeoutMs: 150_000 }, 150.204],
    ['TCP_USER_TIMEOUT replaces the retries', { userTimeoutMs: 150_000, orphanRetries: 1 }, 150.204],
    ['tcp_rto_max_ms 5000', { rtoMaxMs: 5000 }, 11.324],
    ['a soft error counts only once rto is at its maximum', { errSoft: true, orphanRetries: 2 }, 3.06],
    ['a soft error leaves no retry then', { errSoft: true, orphanRetries: 9, rtoMaxMs: 1000 }, 2.428],
  ])('%s', (_, change, expected) => {
    expect(reapedAfter(aDying(change))).toBeCloseTo(expected, 6);
  });

  test.each<[string, Partial<Dying>, number, string]>([
    ['silent peer', {}, 106.288, 'window_probes'],
    ['answering peer', { isAnswering: true }, 332.784, 'window_probes'],
    ['TCP_USER_TIMEOUT 3 s', { userTimeoutMs: 3000 }, 3.208, 'user_timeout'],
    [
      'TCP_USER_TIMEOUT 3 s bounds an answering peer too',
      { userTimeoutMs: 3000, isAnswering: true },
      3.208,
      'user_timeout',
    ],
    ['1 retry', { orphanRetries: 1 }, 0.624, 'window_probes'],
  ])('shut window: %s', (_, change, expected, rule) => {
    const reaping = mustReap(aProbing(change), NO_DELAY);
    expect(reaping.earliestNs / 1e9).toBeCloseTo(expected, 6);
    expect(reaping.rule).toBe(rule);
  });

  it('with rto exactly 200 ms the arithmetic misses its limit by 0.2 s and doubles; the delay of a real wheel makes up for it', () => {
    expect(reapedAfter(aDying({ rtoMs: 200 }))).toBeCloseTo(204.6, 6);
    expect(reapedAfter(aDying({ rtoMs: 200 }), meanWheel(250))).toBeCloseTo(102.2, 6);
  });
});

describe('overdue timers', () => {
  test.each([
    [1, 0.612, 192],
    [2, 1.428, 176],
    [3, 3.06, 144],
  ])(
    '%i retries: the tick at %d s falls %i ms short, and being overdue so long ends it there',
    (orphanRetries, at, shortMs) => {
      const dying = aDying({ orphanRetries });
      const { ifOverdue } = mustReap(dying);
      expect((ifOverdue?.earliestNs ?? 0) / 1e9).toBeCloseTo(at, 6);
      expect(ifOverdue?.shortMs).toBeCloseTo(shortMs, 6);
      const overdueBy = (byMs: number): Wheel => {
        let ticks = 0;
        return (from, ms) => from + (ms + (++ticks === 2 ? byMs : 0)) * 1e6;
      };
      expect(mustReap(dying, overdueBy(shortMs - 1)).firings).toHaveLength(orphanRetries + 2);
      expect(mustReap(dying, overdueBy(shortMs + 1)).firings).toHaveLength(orphanRetries + 1);
    },
  );

  it('change nothing where no tick comes so near its limit, nor under TCP_USER_TIMEOUT, nor for window probes', () => {
    for (const dying of [aDying(), aDying({ orphanRetries: 6 }), aDying({ orphanRetries: 3, userTimeoutMs: 3000 })])
      expect(mustReap(dying).ifOverdue).toBe(null);
    expect(mustReap(aProbing({ orphanRetries: 3 })).ifOverdue).toBe(null);
  });
});

describe('window probes that are answered', () => {
  it('never end where tcp_retries2 stops their backoff short of the maximum interval', () => {
    // 208 ms << 9 is 106.5 s, << 10 the maximum.
    expect(reapedAfter(aProbing({ isAnswering: true, retries2: 9 }))).toBe(Number.POSITIVE_INFINITY);
    expect(reapedAfter(aProbing({ isAnswering: true, retries2: 10 }))).toBeCloseTo(332.784, 6);
  });

  it('never end where it stops short of tcp_orphan_retries', () => {
    expect(reapedAfter(aProbing({ isAnswering: true, orphanRetries: 16 }))).toBe(Number.POSITIVE_INFINITY);
    expect(reapedAfter(aProbing({ isAnswering: true, orphanRetries: 15 }))).toBeLessThan(1000);
  });

  it('end at one retry where the second comes within 500 ms of the first: a Linux peer leaves it unanswered', () => {
    // 208 ms, then 416, then 832. With 250 ms the second comes after 500 ms.
    const answering = { isAnswering: true, orphanRetries: 1 };
    expect(reapedAfter(aProbing(answering))).toBeCloseTo(1.456, 6);
    expect(reapedAfter(aProbing({ ...answering, rtoMs: 250 }))).toBeGreaterThan(60);
    expect(reapedAfter(aProbing({ ...answering, rtoMs: 249 }), meanWheel(100))).toBeGreaterThan(60);
    expect(reapedAfter(aProbing({ ...answering, retries2: 1 }))).toBeCloseTo(0.208 + 2 * 0.416, 6);
    expect(reapedAfter(aProbing({ isAnswering: true, orphanRetries: 2, retries2: 1 }))).toBe(Number.POSITIVE_INFINITY);
  });

  it('end by TCP_USER_TIMEOUT all the same', () => {
    expect(reapedAfter(aProbing({ isAnswering: true, retries2: 5, userTimeoutMs: 90_000 }))).toBeCloseTo(90.208, 6);
  });

  it('and by the limit of orphans', () => {
    const pressure = orphansOf(101, 100);
    expect(mustReap(aProbing({ isAnswering: true, retries2: 5, pressure })).rule).toBe('orphan_limit');
  });
});

describe('what comes before the retransmission timer', () => {
  it('a loss probe sets it anew', () => {
    const dying = aDying({ orphanRetries: 1, timer: { kind: 'tlp', atNs: 204e6, setMs: 204 } });
    expect(reapedAfter(dying)).toBeCloseTo(0.204 + 1.428, 6);
  });

  it('while close() waits for SO_LINGER tcp_retries2 bounds it, then tcp_orphan_retries does', () => {
    // 1.428 s falls into the wait; the tick after it does not.
    expect(reapedAfter(aDying({ orphanRetries: 1, orphanAtNs: 2e9 }))).toBeCloseTo(3.06, 6);
  });

  it('a user timeout ends it while close() waits', () => {
    expect(reapedAfter(aDying({ userTimeoutMs: 1000, orphanAtNs: 60e9 }))).toBeCloseTo(1.204, 6);
  });
});

describe('too many orphans', () => {
  it('more than tcp_max_orphans: the next tick ends it', () => {
    const reaping = mustReap(aDying({ pressure: orphansOf(101, 100) }), NO_DELAY);
    expect(reaping).toMatchObject({ rule: 'orphan_limit', earliestNs: 204e6, limit: 0 });
  });

  it('at the limit it may stay', () => {
    expect(mustReap(aDying({ pressure: orphansOf(100, 100) }), NO_DELAY).rule).toBe('retries');
  });

  it('idle for twice rto_max, it is counted twice; with a soft error, four times', () => {
    const pressure = orphansOf(60, 100);
    expect(mustReap(aDying({ pressure })).rule).toBe('retries');
    expect(mustReap(aDying({ pressure, lastSendAtNs: -241e9 }), NO_DELAY)).toMatchObject({
      rule: 'orphan_limit',
      limit: 1,
    });
    const few = orphansOf(26, 100);
    expect(mustReap(aDying({ pressure: few, lastSendAtNs: -241e9, errSoft: true }), NO_DELAY)).toMatchObject({
      rule: 'orphan_limit',
      limit: 2,
    });
  });

  it('while close() waits it is no orphan and stays', () => {
    const reaping = mustReap(aDying({ pressure: orphansOf(101, 100), orphanAtNs: 1e9 }), NO_DELAY);
    expect(reaping).toMatchObject({ rule: 'orphan_limit', earliestNs: 1428e6 });
  });
});

describe('TCP with more memory than the third of tcp_mem', () => {
  const pressure = pagesOf(1001, 1000);

  it('ends a sock with something queued at its next tick, of either timer', () => {
    const reaping = mustReap(aDying({ pressure, wmemQueued: 4609 }), NO_DELAY);
    expect(reaping).toMatchObject({ rule: 'out_of_memory', earliestNs: 204e6, limit: 0 });
    expect(
      mustReap(aProbing({ pressure, wmemQueued: 65_536, isAnswering: true, retries2: 5 }), NO_DELAY),
    ).toMatchObject({
      rule: 'out_of_memory',
      earliestNs: 208e6,
    });
  });

  it('leaves one with little queued, and every one at the limit', () => {
    expect(mustReap(aDying({ pressure, wmemQueued: 4608 })).rule).toBe('retries');
    expect(mustReap(aDying({ pressure: pagesOf(1000, 1000), wmemQueued: 65_536 })).rule).toBe('retries');
  });

  it('waits, as the orphan limit does, until close() does not', () => {
    const reaping = mustReap(aDying({ pressure, wmemQueued: 65_536, orphanAtNs: 1e9 }), NO_DELAY);
    expect(reaping).toMatchObject({ rule: 'out_of_memory', earliestNs: 1428e6 });
  });

  it('with too many orphans besides, the latter is named', () => {
    const both = { ...orphansOf(101, 100), memPages: 1001, memHigh: 1000 };
    expect(mustReap(aDying({ pressure: both, wmemQueued: 65_536 })).rule).toBe('orphan_limit');
  });
});

describe('any sock', () => {
  const anyWheel = fc.oneof(
    fc.constant(NO_DELAY),
    fc.constantFrom(100, 250, 300, 1000).map(meanWheel),
    fc
      .record({ hz: fc.constantFrom(100, 250, 300, 1000), jiffies: fc.nat(2 ** 32 - 1) })
      .map(({ hz, jiffies }) => exactWheel({ hz, jiffies, atNs: -3e9 })),
  );
  const anyDying = fc
    .record({
      isProbe: fc.boolean(),
      isAnswering: fc.boolean(),
      rtoMs: fc.integer({ min: 200, max: 20_000 }),
      rtoMaxMs: fc.oneof(fc.constant(120_000), fc.integer({ min: 1000, max: 120_000 })),
      userTimeoutMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 32 - 1 })),
      orphanRetries: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant(255)),
      errSoft: fc.boolean(),
    })
    .map(({ isProbe, isAnswering, rtoMs, ...rest }) => {
      const capped = Math.min(rtoMs, rest.rtoMaxMs);
      return isProbe ? aProbing({ ...rest, isAnswering, rtoMs: capped }) : aDying({ ...rest, rtoMs: capped });
    });

  it('is reaped at a firing of its timer, none of which comes before the one before', () => {
    fc.assert(
      fc.property(anyDying, anyWheel, (dying, wheel) => {
        const reaping = reapingOf(dying, wheel);
        if (reaping === 'never') return;
        const { firings, earliestNs, expectedNs } = reaping;
        expect(firings.at(-1)).toEqual({ earliestNs, expectedNs });
        expect(earliestNs).toBeGreaterThanOrEqual(dying.timer.atNs);
        for (const [i, firing] of firings.entries()) {
          const before = firings[i - 1];
          if (before !== undefined) {
            expect(firing.earliestNs).toBeGreaterThanOrEqual(before.earliestNs);
            expect(firing.expectedNs).toBeGreaterThan(before.expectedNs);
          }
        }
      }),
    );
  });

  it('is expected after its earliest time, and within 13 % and a jiffy a tick of it', () => {
    fc.assert(
      fc.property(anyDying, anyWheel, (dying, wheel) => {
        const reaping = reapingOf(dying, wheel);
        if (reaping === 'never') return;
        const { earliestNs, expectedNs, firings } = reaping;
        expect(expectedNs).toBeGreaterThanOrEqual(earliestNs - 1);
        expect(expectedNs).toBeLessThanOrEqual(earliestNs * 1.13 + firings.length * 20e6);
      }),
    );
  });

  it('lives no shorter with one more retry', () => {
    fc.assert(
      fc.property(anyDying, fc.integer({ min: 1, max: 12 }), (dying, orphanRetries) => {
        const fewer = reapedAfter({ ...dying, orphanRetries });
        expect(reapedAfter({ ...dying, orphanRetries: orphanRetries + 1 })).toBeGreaterThanOrEqual(fewer);
      }),
    );
  });

  it('dies at the same instant seen from any of its ticks', () => {
    fc.assert(
      fc.property(anyDying, fc.nat(), (dying, pick) => {
        const whole = reapingOf(dying, NO_DELAY);
        if (whole === 'never') return;
        if (whole.firings.length < 2 || whole.firings.length > 1000) return;
        const n = 1 + (pick % (whole.firings.length - 1));
        const rest = mustReap(afterTicks(dying, whole, n));
        expect(rest.earliestNs).toBeCloseTo(whole.earliestNs, -3);
        expect(rest.rule).toBe(whole.rule);
        expect(rest.firings).toHaveLength(whole.firings.length - n);
      }),
    );
  });

  it('lives no longer under more pressure', () => {
    fc.assert(
      fc.property(anyDying, fc.nat(200), fc.nat(200), (dying, orphans, more) => {
        const calm = reapedAfter({ ...dying, pressure: orphansOf(orphans, 100) });
        expect(reapedAfter({ ...dying, pressure: orphansOf(orphans + more, 100) })).toBeLessThanOrEqual(calm);
      }),
    );
  });
});
