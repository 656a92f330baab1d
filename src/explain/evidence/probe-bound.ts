import { type RetriesSysctl, retriesOf } from '../kernel/retries.ts';
import { probedMs, rtoMaxOf } from '../kernel/rto.ts';
import { WHEEL_SHARE } from '../kernel/wheel.ts';
import type { SockRecord } from './record.ts';
import { isProbePending, wasShutAtClose } from './window.ts';

/** Possible lengths of a jiffy, ms, the longest first. */
const JIFFIES_MS = [10, 4, 10 / 3, 1] as const;
const LONGEST_JIFFY_MS = 10;
const SHORTEST_JIFFY_MS = 1;
const SLACK_MS = 20;

export type ProbeBound = {
  /** `either`: both limits may have been reached by the last tick. */
  readonly by: 'user_timeout' | 'window_probes' | 'either';
  /** Unanswered probes. */
  readonly probes: number;
  /** Probes that `sysctl` allows. */
  readonly limit: number;
  /** tcp_retries2 while close() waits for SO_LINGER. */
  readonly sysctl: RetriesSysctl;
};

/** True if the probe timer ran last: nothing was retransmitted, and the window was shut or a probe unanswered. */
export const isProbing = (record: SockRecord): boolean =>
  record.last.icskRetransmits === 0 && (record.last.probesOut > 0 || wasShutAtClose(record));

/**
 * The limit that ended a sock whose probe timer gave up under TCP_USER_TIMEOUT.
 *
 * tcp_probe_timer gives up when the user timeout has passed since its first tick (icsk_probes_tstamp), or when as many
 * probes are unanswered as tcp_orphan_retries allows, or when their interval has reached tcp_rto_max. The first tick is
 * not recorded, so only the longest possible time since then is known.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_probe_timer
 */
export const boundOfProbes = (record: SockRecord): ProbeBound => {
  const { detail, last } = record;
  const set = { orphanRetries: detail.orphanRetries, retries2: detail.retries2, errSoft: false };
  const { sysctl, retries: limit } = retriesOf(!diedInClose(record), true, set);
  const probes = last.probesOut;
  const isOverPossible = longestProbingMs(record) >= detail.userTimeoutMs;
  if (!isOverPossible) return { by: 'window_probes', probes, limit, sysctl };
  // The interval takes at least as long as its maximum to grow to that maximum.
  const leastRtoMaxMs = rtoMaxOf(detail.rtoMax * SHORTEST_JIFFY_MS);
  const isTheOnlyOne = probes < limit && detail.userTimeoutMs <= leastRtoMaxMs;
  return { by: isTheOnlyOne ? 'user_timeout' : 'either', probes, limit, sysctl };
};

/** True if close() still waited for SO_LINGER: only then is a sock destroyed before it is an orphan. */
const diedInClose = ({ sock, moves }: SockRecord): boolean =>
  sock.orphanAt !== null && sock.orphanAt >= (moves.at(-1)?.at ?? Number.POSITIVE_INFINITY);

/** The longest time for which the probe timer may have ticked when the sock died, ms. */
const longestProbingMs = (record: SockRecord): number => {
  const { closedAt, detail } = record;
  const diedAt = record.moves.at(-1)?.at;
  if (closedAt === null || diedAt === undefined) return Number.POSITIVE_INFINITY;
  const sinceCloseMs = (diedAt - closedAt) / 1e6;
  const { backoff, rto } = detail.evidence;
  if (!isProbePending(detail.evidence) || backoff === 0) return sinceCloseMs;
  // The timer had ticked before the close: `backoff` times, each interval twice the one before.
  const rtoMs = rto * longestJiffyMs(record, sinceCloseMs);
  return sinceCloseMs + (1 + WHEEL_SHARE) * probedMs(rtoMs, backoff, Number.POSITIVE_INFINITY);
};

/** The record does not hold HZ. The jiffies between the expiry pending at the close and the last expiry bound it. */
const longestJiffyMs = ({ detail, last }: SockRecord, sinceCloseMs: number): number => {
  const jiffies = detail.evidence.rtoTimer === 0 ? 0 : (last.rtoTimer - detail.evidence.rtoTimer) | 0;
  if (jiffies <= 0) return LONGEST_JIFFY_MS;
  return JIFFIES_MS.find((ms) => ms * jiffies <= sinceCloseMs + SLACK_MS) ?? LONGEST_JIFFY_MS;
};
