/**
 * TCP_RTO_MIN, ms. The kernel counts the limits of retries in it, whatever the socket's own minimum is.
 *
 * @see Linux include/net/tcp.h
 */
export const RTO_MIN_MS = 200;

/** TCP_RTO_MAX, ms. @see Linux include/net/tcp.h */
const RTO_MAX_MS = 120_000;

/** The smallest value of net.ipv4.tcp_rto_max_ms and TCP_RTO_MAX_MS, ms. @see Linux net/ipv4/sysctl_net_ipv4.c */
const LEAST_RTO_MAX_MS = 1000;

/**
 * TCP_RESOURCE_PROBE_INTERVAL, ms. The kernel sets a timer for it when this host itself dropped what it sent. Neither
 * icsk_rto nor icsk_backoff grows then.
 *
 * @see Linux net/ipv4/tcp_timer.c tcp_retransmit_timer, net/ipv4/tcp_output.c tcp_send_probe0
 */
export const DROPPED_HERE_MS = 500;

/**
 * The default of net.ipv4.tcp_invalid_ratelimit, ms. A Linux peer answers no window probe that comes sooner than this
 * after the last one that it answered.
 *
 * @see Linux net/ipv4/tcp_input.c, tcp_oow_rate_limited
 */
export const PROBE_RATELIMIT_MS = 500;

/**
 * The longest that a socket's icsk_rto may become, ms.
 *
 * @param setMs - icsk_rto_max of the socket; 0 where the kernel has no such field
 * @see Linux include/net/tcp.h, tcp_rto_max
 */
export const rtoMaxOf = (setMs: number): number => (setMs === 0 ? RTO_MAX_MS : Math.max(LEAST_RTO_MAX_MS, setMs));

/** TCP_RTO_MIN doubles so many times until it reaches the maximum. @see Linux: ilog2(rto_max / TCP_RTO_MIN) */
export const doublingsToMax = (rtoMaxMs: number): number => Math.floor(Math.log2(Math.floor(rtoMaxMs / RTO_MIN_MS)));

/** icsk_rto after one more retransmission by the timer, ms. @see Linux net/ipv4/tcp_timer.c, tcp_retransmit_timer */
export const doubledRto = (rtoMs: number, rtoMaxMs: number): number => Math.min(rtoMs * 2, rtoMaxMs);

/**
 * True if a socket's timeout is still below the maximum. The kernel then calls an orphan alive: its peer spoke not long
 * ago.
 *
 * @param backoff - doublings that `rtoMs` does not contain yet: window probes leave icsk_rto as it is
 * @see Linux net/ipv4/tcp_timer.c, `alive` in tcp_write_timeout and tcp_probe_timer
 */
export const isBelowMax = (rtoMs: number, rtoMaxMs: number, backoff = 0): boolean => rtoMs * 2 ** backoff < rtoMaxMs;

/**
 * The kernel sets the probe timer for this long after `backoff` probes, ms.
 *
 * @see Linux include/net/tcp.h, tcp_probe0_when
 */
export const probeIntervalMs = (rtoMs: number, backoff: number, rtoMaxMs: number): number =>
  Math.min(Math.max(rtoMs, RTO_MIN_MS) * 2 ** Math.min(doublingsToMax(rtoMaxMs) + 1, backoff), rtoMaxMs);

/**
 * True if the peer answers window probes, as far as its counts tell. The second probe follows the first so soon that a
 * Linux peer may leave it unanswered.
 */
export const isAnsweringProbes = (
  { backoff, probesOut }: { readonly backoff: number; readonly probesOut: number },
  rtoMs: number,
  rtoMaxMs: number,
): boolean =>
  backoff > 0 &&
  (probesOut === 0 || (probesOut === 1 && backoff === 2 && probeIntervalMs(rtoMs, 1, rtoMaxMs) < PROBE_RATELIMIT_MS));

/**
 * Time from the first tick of the probe timer to the one after `backoff` probes, ms.
 *
 * @param rtoMaxMs - Infinity for the longest that it may have been
 */
export const probedMs = (rtoMs: number, backoff: number, rtoMaxMs: number): number => {
  let sum = 0;
  for (let i = 1; i <= backoff; i++) sum += probeIntervalMs(rtoMs, i, rtoMaxMs);
  return sum;
};

/**
 * The kernel sets the timer for this long under TCP_USER_TIMEOUT, ms: until that timeout is over, if this comes first.
 *
 * @param setMs - the time it would be set for otherwise
 * @param userTimeoutMs - TCP_USER_TIMEOUT; 0 for none
 * @param spentMs - the part of it that has passed
 * @param leastMs - the shortest time that the kernel sets the timer for
 * @see Linux net/ipv4/tcp_timer.c, tcp_clamp_rto_to_user_timeout, tcp_clamp_probe0_to_user_timeout
 */
export const clampToUserTimeout = (setMs: number, userTimeoutMs: number, spentMs: number, leastMs: number): number =>
  userTimeoutMs > 0 ? Math.min(setMs, Math.max(leastMs, userTimeoutMs - spentMs)) : setMs;
