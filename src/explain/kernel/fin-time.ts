/** TCP_TIMEWAIT_LEN, ms: the longest that a minisock lives. @see Linux include/net/tcp.h */
const TIMEWAIT_MS = 60_000;

/**
 * The least time in FIN_WAIT2 is icsk_rto times this: `(rto << 2) - (rto >> 1)`.
 *
 * @see Linux include/net/tcp.h, tcp_fin_time
 */
const LEAST_FIN_RTOS = 3.5;

/** The time that a sock may be in FIN_WAIT2. */
export type FinTime = {
  /** The time that the sock or its namespace sets. */
  readonly setMs: number;
  /** The least time, from its icsk_rto. */
  readonly leastMs: number;
  /** The longer of the two. */
  readonly ms: number;
  /** The source of `setMs`. */
  readonly setting: 'TCP_LINGER2' | 'tcp_fin_timeout';
};

/**
 * Computes the time that a sock may be in FIN_WAIT2.
 *
 * @param finTimeoutMs - net.ipv4.tcp_fin_timeout of its namespace
 * @param linger2Ms - TCP_LINGER2; 0 none
 * @see Linux include/net/tcp.h, tcp_fin_time
 */
export const finTimeOf = (rtoMs: number, finTimeoutMs: number, linger2Ms: number): FinTime => {
  const isOwn = linger2Ms > 0;
  const setMs = isOwn ? linger2Ms : finTimeoutMs;
  const leastMs = LEAST_FIN_RTOS * rtoMs;
  return { setMs, leastMs, ms: Math.max(setMs, leastMs), setting: isOwn ? 'TCP_LINGER2' : 'tcp_fin_timeout' };
};

/**
 * The part of that time that a full sock spends as an orphan before a minisock takes over, ms. 0: the minisock takes
 * over at once, and lives for all of it.
 *
 * @see Linux net/ipv4/tcp.c __tcp_close, net/ipv4/tcp_timer.c tcp_keepalive_timer
 */
export const orphanedInFinWait2Ms = (finTimeMs: number): number => Math.max(0, finTimeMs - TIMEWAIT_MS);
