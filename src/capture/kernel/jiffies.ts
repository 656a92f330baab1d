import { readFileSync } from 'node:fs';
import type { ClockReading } from '../../wire/meta.ts';

export type Jiffies = {
  /** Jiffies a second (CONFIG_HZ). */
  readonly hz: number;
  /** A jiffies_64 value, decimal, and the CLOCK_MONOTONIC instant it was read at, ns. */
  readonly jiffies: string;
  readonly at_ns: string;
};

/** jiffies_64 starts 300 s below 2^32. @see Linux include/linux/jiffies.h, INITIAL_JIFFIES */
const WRAP = 2n ** 32n;
const START_S = 300;
const KNOWN_HZ = [100, 250, 300, 1000];

/**
 * The kernel's tick rate, from one reading of its tick count and its clock.
 *
 * @param text - /proc/timer_list
 * @returns null where it cannot be read or fits no rate (it needs some seconds' distance from 300 s of uptime)
 */
export const parseTimerList = (text: string): Jiffies | null => {
  const now = /^now at (\d+) nsecs$/m.exec(text)?.[1];
  const jiffies = /^jiffies: (\d+)$/m.exec(text)?.[1];
  if (now === undefined || jiffies === undefined) return null;
  const seconds = Number(now) / 1e9 - START_S;
  const measured = Number(BigInt(jiffies) - WRAP) / seconds;
  const hz = KNOWN_HZ.find((known) => Math.abs(measured / known - 1) < 0.05);
  return hz === undefined ? null : { hz, jiffies, at_ns: now };
};

/** The reading as `meta` has it. @param sleptNs - CLOCK_BOOTTIME minus CLOCK_MONOTONIC */
export const clockReading = ({ jiffies, at_ns }: Jiffies, sleptNs: bigint): ClockReading => ({
  value: Number(BigInt(jiffies) % WRAP),
  boot_ns: String(BigInt(at_ns) + sleptNs),
  monotonic_ns: at_ns,
});

/** The running kernel's; null where unknown. */
export const readJiffies = (): Jiffies | null => {
  try {
    return parseTimerList(readFileSync('/proc/timer_list', 'utf8'));
  } catch {
    return null;
  }
};
