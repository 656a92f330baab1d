import { uptime } from 'node:os';
import { hrtime } from 'node:process';

/** /proc/uptime is CLOCK_BOOTTIME to 10 ms; a host that never slept differs from CLOCK_MONOTONIC by less. */
const NEVER_SLEPT_S = 0.025;

export type BootClock = {
  /** CLOCK_BOOTTIME, ns: the clock of the wire's lines. */
  readonly now: () => bigint;
  /** Takes a kernel time that has just arrived: it bounds the offset from below on hosts that have slept. */
  readonly observe: (bootNs: bigint) => void;
};

/**
 * Node has CLOCK_MONOTONIC only, which stands still while the host sleeps. On a host that never slept the two are one
 * clock. Otherwise the offset is the largest lead of a kernel timestamp over our clock, seen at its arrival. Its error
 * is the latency of the delivery (limits: about a millisecond).
 */
export const createBootClock = (): BootClock => {
  let offset = sleptNs();
  const isOneClock = offset === 0n;
  let observed = false;
  return {
    now: () => hrtime.bigint() + offset,
    observe: (bootNs) => {
      const lead = bootNs - hrtime.bigint();
      if (isOneClock ? lead > offset + 1_000_000_000n : !observed || lead > offset) offset = lead;
      observed = true;
    },
  };
};

/** CLOCK_BOOTTIME minus CLOCK_MONOTONIC, to 10 ms; 0 on a host that never slept. */
export const sleptNs = (): bigint => {
  const sleptS = uptime() - Number(hrtime.bigint()) / 1e9;
  return Math.abs(sleptS) < NEVER_SLEPT_S ? 0n : BigInt(Math.round(sleptS * 1000)) * 1_000_000n;
};
