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

/** The machine's orphans against its limit; null where unknown. */
export type Pressure = { readonly orphans: number; readonly maxOrphans: number } | null;

/**
 * Whether a timer's tick finds too many orphans, and how many times their number was doubled for it.
 *
 * @param isIdle - nothing was sent for twice tcp_rto_max
 * @param doReset - the sock is alive, or within its retries
 * @returns null where the sock may stay
 * @see Linux net/ipv4/tcp_timer.c tcp_out_of_resources, net/ipv4/tcp.c tcp_too_many_orphans
 */
export const tooManyOrphans = (
  pressure: Pressure,
  isIdle: boolean,
  doReset: boolean,
  errSoft: boolean,
): number | null => {
  const shift = (isIdle || !doReset ? 1 : 0) + (errSoft ? 1 : 0);
  return pressure !== null && pressure.orphans * 2 ** shift > pressure.maxOrphans ? shift : null;
};
