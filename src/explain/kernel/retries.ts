import { doublingsToMax, RTO_MIN_MS } from './rto.ts';

/**
 * Retries of an orphan that is alive when tcp_orphan_retries is 0.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_orphan_retries
 */
const ALIVE_RETRIES = 8;

/** The sysctl that bounds a sock's retries. */
export type RetriesSysctl = 'tcp_orphan_retries' | 'tcp_retries2';

/** What is set for a sock. */
export type RetriesSet = {
  /** net.ipv4.tcp_orphan_retries. */
  readonly orphanRetries: number;
  /** net.ipv4.tcp_retries2. */
  readonly retries2: number;
  /** sk_err_soft is not 0: ICMP said something. */
  readonly errSoft: boolean;
};

/** How many retries a sock has, and what they come from. */
export type RetriesBound = { readonly sysctl: RetriesSysctl; readonly retries: number };

/**
 * How many retransmissions or unanswered window probes the kernel allows a sock.
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
 * How long after the first retransmission `retries` of them may last, ms.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_model_timeout
 */
export const modelTimeoutMs = (retries: number, rtoMaxMs: number): number => {
  const doublings = doublingsToMax(rtoMaxMs);
  return retries <= doublings
    ? (2 ** (retries + 1) - 1) * RTO_MIN_MS
    : (2 ** (doublings + 1) - 1) * RTO_MIN_MS + (retries - doublings) * rtoMaxMs;
};
