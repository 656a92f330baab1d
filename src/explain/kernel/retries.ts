import { doubledRto, doublingsToMax, RTO_MIN_MS, rtoMaxOf } from './rto.ts';

/**
 * Retries of a live orphan if tcp_orphan_retries is 0.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_orphan_retries
 */
const ALIVE_RETRIES = 8;

/** The sysctl that bounds a sock's retries. */
export type RetriesSysctl = 'tcp_orphan_retries' | 'tcp_retries2';

/** The settings that apply to a sock. */
export type RetriesSet = {
  /** net.ipv4.tcp_orphan_retries. */
  readonly orphanRetries: number;
  /** net.ipv4.tcp_retries2. */
  readonly retries2: number;
  /** sk_err_soft is not 0: ICMP reported an error. */
  readonly errSoft: boolean;
};

/** The number of retries that a sock has, and the sysctl that sets it. */
export type RetriesBound = { readonly sysctl: RetriesSysctl; readonly retries: number };

/**
 * The number of retransmissions or unanswered window probes that the kernel allows a sock.
 *
 * @param isOrphan - false while close() waits for SO_LINGER: until then tcp_retries2 bounds it
 * @param isAlive - its timeout is below the maximum
 * @see Linux net/ipv4/tcp_timer.c, tcp_write_timeout, tcp_probe_timer, tcp_orphan_retries
 */
export const retriesOf = (isOrphan: boolean, isAlive: boolean, set: RetriesSet): RetriesBound =>
  isOrphan
    ? { sysctl: 'tcp_orphan_retries', retries: retriesOfOrphan(set.orphanRetries, isAlive, set.errSoft) }
    : { sysctl: 'tcp_retries2', retries: set.retries2 };

/** @see Linux net/ipv4/tcp_timer.c, tcp_orphan_retries */
export const retriesOfOrphan = (sysctl: number, isAlive: boolean, errSoft: boolean): number => {
  const retries = errSoft && !isAlive ? 0 : sysctl;
  return retries === 0 && isAlive ? ALIVE_RETRIES : retries;
};

/**
 * The longest time that `retries` retransmissions may take, from the first one on, ms.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_model_timeout
 */
export const modelTimeoutMs = (retries: number, rtoMaxMs: number): number => {
  const doublings = doublingsToMax(rtoMaxMs);
  return retries <= doublings
    ? (2 ** (retries + 1) - 1) * RTO_MIN_MS
    : (2 ** (doublings + 1) - 1) * RTO_MIN_MS + (retries - doublings) * rtoMaxMs;
};

/** RTOs of ordinary connections, ms: the smallest possible one, and that of a round trip of some 200 ms. */
const USUAL_RTO_MS: { readonly least: number; readonly most: number } = { least: RTO_MIN_MS, most: 420 };

/**
 * The time that a sock lives without an answer until `retries` are used up, from the first transmission on, ms. The
 * limit is a time, checked when the timer fires. So life is a sawtooth over the RTO: it doubles at the RTO that needs
 * one more firing.
 *
 * @param sysctl - net.ipv4.tcp_orphan_retries
 * @returns the shortest and the longest life over the RTOs of ordinary connections, if the timer wheel were exact
 * @see Linux net/ipv4/tcp_timer.c, retransmits_timed_out
 */
export const lifeByRetries = (sysctl: number): { readonly leastMs: number; readonly mostMs: number } => {
  const rtoMaxMs = rtoMaxOf(0);
  const limitMs = modelTimeoutMs(retriesOfOrphan(sysctl, true, false), rtoMaxMs);
  let [leastMs, mostMs] = [Number.POSITIVE_INFINITY, 0];
  for (let first = USUAL_RTO_MS.least; first <= USUAL_RTO_MS.most; first++) {
    let rto = first;
    let life = first;
    while (life - first < limitMs) {
      rto = doubledRto(rto, rtoMaxMs);
      life += rto;
    }
    leastMs = Math.min(leastMs, life);
    mostMs = Math.max(mostMs, life);
  }
  return { leastMs, mostMs };
};
