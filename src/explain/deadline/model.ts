import { isIdleFor, type Pressure, shortageOf } from '../kernel/resources.ts';
import { modelTimeoutMs, type RetriesSysctl, retriesOf } from '../kernel/retries.ts';
import {
  clampToUserTimeout,
  DROPPED_HERE_MS,
  doubledRto,
  isBelowMax,
  PROBE_RATELIMIT_MS,
  probeIntervalMs,
  RTO_MIN_MS,
} from '../kernel/rto.ts';
import type { Wheel } from '../kernel/wheel.ts';

/** The causes by which a timer can end a sock. */
export type Rule =
  | 'retries'
  | 'window_probes'
  | 'user_timeout'
  | 'orphan_limit'
  | 'out_of_memory'
  | 'fin_timeout'
  | 'fin_wait2_timewait'
  | 'linger2';

/** A sock whose transmit timer runs, at the instant when that timer was last set. Instants in ns, any origin. */
export type Dying = {
  /** The timer's kind, when it was set to fire, and for how long it was set. */
  readonly timer: { readonly kind: 'rto' | 'tlp' | 'probe'; readonly atNs: number; readonly setMs: number };
  readonly rtoMs: number;
  readonly rtoMaxMs: number;
  /** Retransmissions by the timer so far. */
  readonly retransmits: number;
  /** The first of these retransmissions; null while there is none. @see retrans_stamp */
  readonly firstRetransmitAtNs: number | null;
  readonly backoff: number;
  readonly probesOut: number;
  /** The peer answers window probes, but none within PROBE_RATELIMIT_MS of another. */
  readonly isAnswering: boolean;
  /** This host itself drops what is sent: then the timer comes each 500 ms, and nothing doubles. */
  readonly isDroppedHere: boolean;
  /** First tick of the probe timer; null if it never ran. @see icsk_probes_tstamp */
  readonly probingSinceNs: number | null;
  /** TCP_USER_TIMEOUT; 0 if unset. */
  readonly userTimeoutMs: number;
  /** net.ipv4.tcp_orphan_retries. */
  readonly orphanRetries: number;
  /** net.ipv4.tcp_retries2. It bounds a sock that is no orphan yet, and the backoff of window probes. */
  readonly retries2: number;
  readonly errSoft: boolean;
  /** Time at which the sock becomes an orphan. Until SO_LINGER ends, tcp_retries2 bounds it. */
  readonly orphanAtNs: number;
  /** Time at which data was last sent; null where unknown. @see lsndtime */
  readonly lastSendAtNs: number | null;
  readonly pressure: Pressure;
  /** Bytes queued on it: the unacknowledged data, with the kernel's overhead. @see sk_wmem_queued */
  readonly wmemQueued: number;
  readonly jiffyMs: number;
};

/** One firing of the timer. `earliestNs` is the kernel's arithmetic alone, `expectedNs` adds the wheel's delay. */
export type Firing = { readonly earliestNs: number; readonly expectedNs: number };

/** An earlier firing that ends the sock if the timers come later than expected, by `shortMs` in all. */
export type OverdueFiring = Firing & { readonly shortMs: number };

export type Reaping = Firing & {
  readonly rule: Extract<Rule, 'retries' | 'window_probes' | 'user_timeout' | 'orphan_limit' | 'out_of_memory'>;
  /** All firings until the end, the last one included; never empty. */
  readonly firings: readonly Firing[];
  /** Retries allowed at the last firing. For a user timeout it is ms, for the orphan limit the shift, for memory 0. */
  readonly limit: number;
  /** An earlier firing that misses the limit by as much as timers are overdue on a busy CPU; null where none does. */
  readonly ifOverdue: OverdueFiring | null;
  /** True if the retransmission timeout was still below its maximum. */
  readonly isAlive: boolean;
  /** The sysctl that sets the allowed retries: tcp_retries2 until SO_LINGER ends. */
  readonly sysctl: RetriesSysctl;
};

/** Timers may be overdue by this on a busy host: softirqs wait for one another, a virtual CPU waits for its turn. */
const BUSY_MS = 250;

/** Probes in a row that a peer may leave unanswered for their rate: they are 200 ms and more apart. */
const MOST_LIMITED = Math.ceil(PROBE_RATELIMIT_MS / RTO_MIN_MS);

/** A sock is followed for at most this many ticks: a long user timeout can keep it far longer. */
const MOST_TICKS = 4096;

/**
 * Follows the timer tick by tick until the kernel gives up, if nothing more comes from the peer.
 *
 * Each tick is judged by its expected time, so that the wheel's delay counts as it does in the kernel. No real sock
 * ends before the earliest time of the same tick.
 *
 * @returns `never` if answered window probes become no rarer before the kernel would give up. tcp_retries2 bounds their
 *   backoff, which must first reach tcp_rto_max and tcp_orphan_retries
 * @see Linux net/ipv4/tcp_timer.c, tcp_write_timer_handler
 */
export const reapingOf = (dying: Dying, wheel: Wheel): Reaping | 'never' => {
  const firings = firstFirings(dying, wheel);
  return dying.timer.kind === 'probe'
    ? followProbes(dying, wheel, firings[0])
    : followRetransmits(dying, wheel, firings);
};

/** The firing that is due. After a loss probe also the firing of the retransmission timer that follows it. */
export const firstFirings = ({ timer, rtoMs }: Dying, wheel: Wheel): readonly [Firing, ...Firing[]] => {
  const first: Firing = { earliestNs: timer.atNs, expectedNs: wheel(timer.atNs - timer.setMs * 1e6, timer.setMs) };
  return timer.kind === 'tlp' ? [first, after(first, rtoMs, rtoMs, wheel)] : [first];
};

/**
 * The firing of a timer that is set at the firing `at`: for `earliestMs` from its earliest time, for `expectedMs` from
 * its expected time.
 */
const after = (at: Firing, earliestMs: number, expectedMs: number, wheel: Wheel): Firing => ({
  earliestNs: at.earliestNs + earliestMs * 1e6,
  expectedNs: wheel(at.expectedNs, expectedMs),
});

const elapsedMs = (since: Firing, at: Firing): Readonly<Record<keyof Firing, number>> => ({
  earliestNs: (at.earliestNs - since.earliestNs) / 1e6,
  expectedNs: (at.expectedNs - since.expectedNs) / 1e6,
});

const known = (ns: number): Firing => ({ earliestNs: ns, expectedNs: ns });

/** @see Linux net/ipv4/tcp_timer.c, tcp_retransmit_timer, tcp_write_timeout, tcp_clamp_rto_to_user_timeout */
const followRetransmits = (dying: Dying, wheel: Wheel, start: readonly Firing[]): Reaping => {
  const { rtoMaxMs, userTimeoutMs, errSoft, jiffyMs } = dying;
  const firings = [...start];
  let at = start.at(-1) as Firing;
  let rto = Math.max(jiffyMs, Math.min(dying.rtoMs, rtoMaxMs));
  let since = dying.firstRetransmitAtNs === null ? null : known(dying.firstRetransmitAtNs);
  let ifOverdue: OverdueFiring | null = null;
  for (;;) {
    const isOrphan = at.expectedNs >= dying.orphanAtNs;
    const isAlive = isBelowMax(rto, rtoMaxMs);
    const { sysctl, retries } = retriesOf(isOrphan, isAlive, dying);
    const modelMs = modelTimeoutMs(retries, rtoMaxMs);
    const elapsed = since === null ? null : elapsedMs(since, at);
    if (isOrphan) {
      const isTimedOut = elapsed !== null && elapsed.expectedNs >= modelMs;
      const doReset = isAlive || !isTimedOut;
      const shortage = shortageOf(dying.pressure, dying.wmemQueued, isIdle(dying, at), doReset, errSoft);
      if (shortage !== null) return { ...at, ...shortage, firings, ifOverdue, isAlive, sysctl };
    }
    const limitMs = userTimeoutMs > 0 ? userTimeoutMs : modelMs;
    const rule = userTimeoutMs > 0 ? 'user_timeout' : 'retries';
    const limit = userTimeoutMs > 0 ? userTimeoutMs : retries;
    if (elapsed !== null && elapsed.expectedNs >= limitMs)
      return { ...at, rule, firings, limit, ifOverdue, isAlive, sysctl };
    if (since !== null && firings.length >= MOST_TICKS) {
      const end = after(since, limitMs, limitMs, wheel);
      return { ...end, rule, firings: [...firings, end], limit, ifOverdue, isAlive, sysctl };
    }
    // An overdue tick counts as more time that has passed. The last tick of a user timeout is set for the rest of that
    // timeout.
    const shortMs = elapsed === null || userTimeoutMs > 0 ? Number.POSITIVE_INFINITY : modelMs - elapsed.expectedNs;
    if (shortMs <= BUSY_MS) ifOverdue ??= { ...at, shortMs };
    since ??= at;
    if (dying.isDroppedHere) {
      at = after(at, DROPPED_HERE_MS, DROPPED_HERE_MS, wheel);
      firings.push(at);
      continue;
    }
    rto = doubledRto(rto, rtoMaxMs);
    const left = elapsedMs(since, at);
    const clamp = (spentMs: number): number => clampToUserTimeout(rto, userTimeoutMs, spentMs, jiffyMs);
    at = after(at, clamp(left.earliestNs), clamp(left.expectedNs), wheel);
    firings.push(at);
  }
};

/** @see Linux net/ipv4/tcp_timer.c tcp_probe_timer, net/ipv4/tcp_output.c tcp_send_probe0 */
const followProbes = (dying: Dying, wheel: Wheel, first: Firing): Reaping | 'never' => {
  const { rtoMaxMs, userTimeoutMs, errSoft, jiffyMs } = dying;
  const firings = [first];
  const rto = Math.max(jiffyMs, dying.rtoMs);
  let at = first;
  let { backoff, probesOut } = dying;
  let answeredNs = lastAnsweredNs(dying, rto);
  let repeats = 0;
  let since = dying.probingSinceNs === null ? null : known(dying.probingSinceNs);
  for (;;) {
    const isOrphan = at.expectedNs >= dying.orphanAtNs;
    const isAlive = isBelowMax(rto, rtoMaxMs, backoff);
    const { sysctl, retries: limit } = retriesOf(isOrphan, isAlive, dying);
    const elapsed = since === null ? null : elapsedMs(since, at);
    if (elapsed !== null && userTimeoutMs > 0 && elapsed.expectedNs >= userTimeoutMs) {
      return { ...at, rule: 'user_timeout', firings, limit: userTimeoutMs, ifOverdue: null, isAlive, sysctl };
    }
    const isGivenUp = isOrphan && !isAlive && backoff >= limit;
    if (!isGivenUp && isOrphan) {
      const shortage = shortageOf(dying.pressure, dying.wmemQueued, isIdle(dying, at), true, errSoft);
      if (shortage !== null) return { ...at, ...shortage, firings, ifOverdue: null, isAlive, sysctl };
    }
    if (isGivenUp || probesOut >= limit)
      return { ...at, rule: 'window_probes', firings, limit, ifOverdue: null, isAlive, sysctl };
    if (since !== null && userTimeoutMs > 0 && firings.length >= MOST_TICKS) {
      const end = after(since, userTimeoutMs, userTimeoutMs, wheel);
      return {
        ...end,
        rule: 'user_timeout',
        firings: [...firings, end],
        limit: userTimeoutMs,
        ifOverdue: null,
        isAlive,
        sysctl,
      };
    }
    // From here on the probes repeat those before.
    if (dying.isAnswering && backoff >= dying.retries2 && userTimeoutMs === 0 && since !== null) {
      if (isOrphan && repeats++ > MOST_LIMITED) return 'never';
      if (firings.length >= MOST_TICKS) at = known(dying.orphanAtNs);
    }
    since ??= at;
    if (dying.isAnswering && at.expectedNs - answeredNs >= PROBE_RATELIMIT_MS * 1e6) {
      answeredNs = at.expectedNs;
      probesOut = 0;
    } else {
      probesOut++;
    }
    if (backoff < dying.retries2 && !dying.isDroppedHere) backoff++;
    const left = elapsedMs(since, at);
    const interval = dying.isDroppedHere ? DROPPED_HERE_MS : probeIntervalMs(rto, backoff, rtoMaxMs);
    const clamp = (spentMs: number): number => clampToUserTimeout(interval, userTimeoutMs, spentMs, 2 * jiffyMs);
    at = after(at, clamp(left.earliestNs), clamp(left.expectedNs), wheel);
    firings.push(at);
  }
};

/** The last probe that the peer has answered; the one before, where that one came too soon. Long ago: none. */
const lastAnsweredNs = ({ timer, backoff, probesOut, rtoMaxMs }: Dying, rtoMs: number): number => {
  if (backoff === 0) return Number.NEGATIVE_INFINITY;
  const sentNs = timer.atNs - timer.setMs * 1e6;
  return probesOut === 0 ? sentNs : sentNs - probeIntervalMs(rtoMs, backoff - 1, rtoMaxMs) * 1e6;
};

const isIdle = (dying: Dying, at: Firing): boolean =>
  dying.lastSendAtNs !== null && isIdleFor((at.expectedNs - dying.lastSendAtNs) / 1e6, dying.rtoMaxMs);
