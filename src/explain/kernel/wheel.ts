/**
 * Gives the time at which a timer of the kernel's wheel fires. `at` and the result are ns; the timer was set for `ms`.
 *
 * A timer never fires early. The longer it was set for, the later it may fire: up to an eighth of that time.
 */
export type Wheel = (at: number, ms: number) => number;

/** Jiffies as the kernel counts them: `jiffies` was the count at `atNs`. */
export type Phase = { readonly hz: number; readonly jiffies: number; readonly atNs: number };

/**
 * Each level has 64 buckets, and each bucket is eight times as long as one of the level below.
 *
 * @see Linux LVL_CLK_SHIFT, LVL_BITS
 */
const LEVEL_BITS = 3;
const FIRST_LEVEL = 63;
const LEVELS = 9;

/** log2 of the granularity, in jiffies, of the level for a timer of `delta` jiffies. @see calc_wheel_index */
const shiftOf = (delta: number): number => {
  let level = 0;
  while (level < LEVELS - 1 && delta >= FIRST_LEVEL * 2 ** (LEVEL_BITS * level)) level++;
  return LEVEL_BITS * level;
};

/**
 * The wheel of a kernel whose jiffies are known: exact to a jiffy.
 *
 * @see Linux kernel/time/timer.c, calc_index: the expiry is rounded up by one granule of its level
 */
export const exactWheel = ({ hz, jiffies, atNs }: Phase): Wheel => {
  const jiffyNs = 1e9 / hz;
  return (at, ms) => {
    const now = jiffies + Math.floor((at - atNs) / jiffyNs);
    const delta = toJiffies(ms, hz);
    const granule = 2 ** shiftOf(delta);
    const fires = (Math.floor((now + delta) / granule) + 1) * granule;
    return Math.max(at + ms * 1e6, atNs + (fires - jiffies) * jiffyNs);
  };
};

/** The wheel if only HZ is known: it adds the average delay. */
export const meanWheel =
  (hz: number): Wheel =>
  (at, ms) =>
    at + ms * 1e6 + ((2 ** shiftOf(toJiffies(ms, hz)) + 1) / 2) * (1e9 / hz);

/**
 * The most that the wheel adds, as a share of how long the timer was set for: an eighth, and the jiffies of rounding
 * up.
 */
export const WHEEL_SHARE = 0.13;

const toJiffies = (ms: number, hz: number): number => Math.ceil((ms * hz) / 1000 - 1e-6);
