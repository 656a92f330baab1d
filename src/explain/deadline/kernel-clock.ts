import { type TraceNs, traceNs } from '../../kernel/units.ts';
import type { Hello } from '../../wire/event.ts';
import type { Meta } from '../../wire/meta.ts';
import type { Phase } from '../kernel/wheel.ts';

/** The kernel's jiffies and the clock of its timestamps, in capture time. */
export type KernelClock = {
  /** Jiffies a second. */
  readonly hz: number;
  /** Null where the recording does not say how jiffies stood. */
  readonly phase: Phase | null;
  /**
   * The time nearest to `near` at which the low 32 bits of jiffies read this: up to one jiffy too early, never overdue.
   */
  readonly jiffiesAt: (jiffies: number, near: number) => TraceNs | null;
  /**
   * The time at which `retrans_stamp` was taken. It counts milliseconds, or microseconds with `tcp_usec_ts`; null if it
   * fits neither.
   */
  readonly stampAt: (stamp: number, near: number) => TraceNs | null;
};

/** A stamp further back than this is not from this sock. */
const OLDEST_STAMP_NS = 3600e9;
/** The kernel reads the clock of a stamp a little before or after the clock of the line. */
const STAMP_SLACK_NS = 20e6;

/**
 * Translates the kernel's clocks, from their readings when the capture began.
 *
 * Jiffies stop while the host sleeps: after a sleep during the capture all times are off by its length.
 *
 * @returns null where HZ is unknown: then no timer in the evidence can be read
 */
export const createKernelClock = (meta: Pick<Meta, 'hz' | 'jiffies'>, hello: Hello): KernelClock | null => {
  const { hz, jiffies } = meta;
  if (hz === null) return null;
  const jiffyNs = 1e9 / hz;
  const read = jiffies === null ? null : sinceHello(jiffies.boot_ns, hello);
  if (jiffies === null || read === null) return { hz, phase: null, jiffiesAt: () => null, stampAt: () => null };
  // The count was read somewhere within its jiffy. So the jiffy began at most one jiffy earlier.
  const phase: Phase = { hz, jiffies: jiffies.value, atNs: read - jiffyNs };
  const monotonicMs = Number(BigInt(jiffies.monotonic_ns) / 1_000_000n);
  const ticksBack = (now: number, then: number): number => (Math.floor(now) - then) | 0;
  return {
    hz,
    phase,
    jiffiesAt: (value, near) => {
      const expected = phase.jiffies + Math.floor((near - phase.atNs) / jiffyNs);
      const back = (low32(expected) - value) | 0;
      return traceNs(phase.atNs + (expected - back - phase.jiffies) * jiffyNs);
    },
    stampAt: (stamp, near) => {
      if (stamp === 0) return null;
      for (const unitNs of [1e6, 1e3]) {
        const now = low32(monotonicMs * (1e6 / unitNs) + Math.floor((near - read) / unitNs));
        const agoNs = ticksBack(now, stamp) * unitNs;
        if (agoNs >= -STAMP_SLACK_NS && agoNs <= OLDEST_STAMP_NS) return traceNs(near - Math.max(0, agoNs));
      }
      return null;
    },
  };
};

const low32 = (value: number): number => ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;

const sinceHello = (bootNs: string, hello: Hello): number | null => {
  const boot = BigInt(hello.bootSec) * 1_000_000_000n + BigInt(hello.bootNsec);
  return /^\d{1,20}$/.test(bootNs) ? Number(BigInt(bootNs) - boot) : null;
};
