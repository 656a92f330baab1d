/** TCP_RTO_MIN, ms: the kernel's unit of patience, whatever the socket's own minimum. */
export const RTO_MIN_MS = 200;
/** Retries of an orphan that spoke recently when tcp_orphan_retries is 0. */
const ALIVE_RETRIES = 8;

/**
 * How long after the first retransmission `retries` of them may last, ms.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_model_timeout
 */
export const modelTimeoutMs = (retries: number, rtoMaxMs: number): number => {
  const thresh = Math.floor(Math.log2(Math.floor(rtoMaxMs / RTO_MIN_MS)));
  return retries <= thresh
    ? (2 ** (retries + 1) - 1) * RTO_MIN_MS
    : (2 ** (thresh + 1) - 1) * RTO_MIN_MS + (retries - thresh) * rtoMaxMs;
};

/** @see Linux net/ipv4/tcp_timer.c, tcp_orphan_retries */
export const retriesOfOrphan = (sysctl: number, isAlive: boolean, errSoft: boolean): number => {
  const retries = errSoft && !isAlive ? 0 : sysctl;
  return retries === 0 && isAlive ? ALIVE_RETRIES : retries;
};

/** The machine's orphans against its limit, and the pages of TCP against the third of tcp_mem; null where unknown. */
export type Pressure = {
  readonly orphans: number | null;
  readonly maxOrphans: number | null;
  readonly memPages: number | null;
  readonly memHigh: number | null;
};

/** A sock with no more than this queued, bytes, is not killed for memory. @see Linux include/net/sock.h, SOCK_MIN_SNDBUF */
const SOCK_MIN_SNDBUF = 4608;

/** What a tick may find too little of, and how many times the orphans were doubled for it. */
export type Shortage = { readonly rule: 'orphan_limit' | 'out_of_memory'; readonly limit: number };

/**
 * Whether a timer's tick finds too many orphans, or TCP with too much memory.
 *
 * @param wmemQueued - bytes queued on the sock
 * @param isIdle - nothing was sent for twice tcp_rto_max
 * @param doReset - the sock is alive, or within its retries
 * @returns null where the sock may stay
 * @see Linux net/ipv4/tcp_timer.c tcp_out_of_resources, net/ipv4/tcp.c tcp_check_oom
 */
export const shortageOf = (
  { orphans, maxOrphans, memPages, memHigh }: Pressure,
  wmemQueued: number,
  isIdle: boolean,
  doReset: boolean,
  errSoft: boolean,
): Shortage | null => {
  const shift = (isIdle || !doReset ? 1 : 0) + (errSoft ? 1 : 0);
  if (orphans !== null && maxOrphans !== null && orphans * 2 ** shift > maxOrphans) {
    return { rule: 'orphan_limit', limit: shift };
  }
  const isOver = memPages !== null && memHigh !== null && memPages > memHigh && wmemQueued > SOCK_MIN_SNDBUF;
  return isOver ? { rule: 'out_of_memory', limit: 0 } : null;
};
