/** The machine's orphans against its limit, and the pages of TCP against the third of tcp_mem; null where unknown. */
export type Pressure = {
  readonly orphans: number | null;
  readonly maxOrphans: number | null;
  readonly memPages: number | null;
  readonly memHigh: number | null;
};

/**
 * A sock with at most this many bytes queued is not killed for memory.
 *
 * @see Linux include/net/sock.h, SOCK_MIN_SNDBUF
 */
const SOCK_MIN_SNDBUF = 4608;

/**
 * A timer shifts the count of orphans by at most this before it compares it, so it may kill from a quarter of the limit
 * on. tcp_close compares the unshifted count.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_out_of_resources
 */
export const MOST_ORPHAN_SHIFT = 2;

/**
 * The number of times that a timer doubles the count of orphans for this sock.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_out_of_resources
 */
const orphanShift = (isIdle: boolean, doReset: boolean, errSoft: boolean): number =>
  (isIdle || !doReset ? 1 : 0) + (errSoft ? 1 : 0);

/** Null where a figure is unknown. @see Linux net/ipv4/tcp.c, tcp_too_many_orphans */
export const areTooManyOrphans = (orphans: number | null, maxOrphans: number | null, shift: number): boolean | null =>
  orphans === null || maxOrphans === null ? null : orphans * 2 ** shift > maxOrphans;

/** Null where a figure is unknown. @see Linux include/net/tcp.h, tcp_out_of_memory */
export const isOutOfMemory = (memPages: number | null, memHigh: number | null): boolean | null =>
  memPages === null || memHigh === null ? null : memPages > memHigh;

/** The resource that a timer finds short. `limit`: how many times it doubled the orphans. */
export type Shortage = { readonly rule: 'orphan_limit' | 'out_of_memory'; readonly limit: number };

/**
 * Tells if a timer finds too many orphans, or too much memory used by TCP.
 *
 * @param wmemQueued - bytes queued on the sock
 * @param isIdle - nothing was sent for twice tcp_rto_max
 * @param doReset - the sock is alive, or within its retries
 * @param errSoft - ICMP reported an error
 * @returns null if the sock may stay
 * @see Linux net/ipv4/tcp_timer.c tcp_out_of_resources, net/ipv4/tcp.c tcp_check_oom
 */
export const shortageOf = (
  { orphans, maxOrphans, memPages, memHigh }: Pressure,
  wmemQueued: number,
  isIdle: boolean,
  doReset: boolean,
  errSoft: boolean,
): Shortage | null => {
  const shift = orphanShift(isIdle, doReset, errSoft);
  if (areTooManyOrphans(orphans, maxOrphans, shift) === true) return { rule: 'orphan_limit', limit: shift };
  return isOutOfMemory(memPages, memHigh) === true && wmemQueued > SOCK_MIN_SNDBUF
    ? { rule: 'out_of_memory', limit: 0 }
    : null;
};

/**
 * True if a sock counts twice: nothing was sent for twice tcp_rto_max.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_out_of_resources
 */
export const isIdleFor = (silentMs: number, rtoMaxMs: number): boolean => silentMs > 2 * rtoMaxMs;
