import { stateName, TCP } from '../../kernel/tcp-state.ts';
import { type TraceNs, traceNs } from '../../kernel/units.ts';
import { settingTime } from '../../text/duration.ts';
import type { Hello } from '../../wire/event.ts';
import { HOLDER, holderOf } from '../../wire/evidence.ts';
import { type Delivery, deliveryOf } from '../evidence/delivery.ts';
import { droppedHere } from '../evidence/dropped-here.ts';
import type { SockRecord } from '../evidence/record.ts';
import { isHeldHere } from '../evidence/window.ts';
import type { Pressure } from '../kernel/resources.ts';
import { DROPPED_HERE_MS, rtoMaxOf } from '../kernel/rto.ts';
import { exactWheel, meanWheel, type Wheel } from '../kernel/wheel.ts';
import { finWait2End } from './fin-wait2.ts';
import type { KernelClock } from './kernel-clock.ts';
import { type Dying, type Rule, reapingOf } from './model.ts';
import { isOverdue } from './overdue.ts';
import { pendingTimer } from './pending-timer.ts';
import {
  answeredReasons,
  boundedReasons,
  deliveringReasons,
  ifDroppedReason,
  mayRevertReason,
  neverReasons,
  overdueReason,
  PACED_OR_FAILING,
  PARTLY_DROPPED,
  reasonsOf,
  revertReasons,
} from './reasons.ts';
import { mayBeReverted, type Reverted, revertedEnd, wasReverted } from './reverted.ts';

/** Facts about the host, beside the sock's own evidence. */
export type Host = {
  readonly hello: Hello;
  /** Null where HZ is unknown. */
  readonly clock: KernelClock | null;
  /** Time of the newest event. */
  readonly now: TraceNs;
  /** The machine's orphans and TCP memory, and their limits. */
  readonly pressure: Pressure;
};

type DeadlineAt = {
  readonly kind: 'at';
  /** The earliest time, by the kernel's arithmetic. Only `ifOverdueAt` may come before it. */
  readonly at: TraceNs;
  /** `at` with the delay of the timer wheel, up to 13 %. It may be far later if ICMP undoes the timer's doubling. */
  readonly expectedAt: TraceNs;
  readonly nextTimerAt: TraceNs;
  /**
   * Time at which the kernel gives up if the peer goes on answering window probes, as it did when last observed; null
   * for other socks.
   */
  readonly ifAnsweredAt: TraceNs | null;
  /** An earlier tick that ends it if the timers are as overdue as on a busy CPU; null where there is none. */
  readonly ifOverdueAt: TraceNs | null;
  readonly rule: Rule;
  readonly because: readonly string[];
  /** True if the running timer itself was observed; otherwise it follows from the close. */
  readonly isExact: boolean;
};

/**
 * The time at which the kernel gives up on a sock if nothing more comes from its peer. A peer that answered window
 * probes when last observed may have stopped since: then this is the earliest tick that may end the sock.
 */
export type Deadline =
  | DeadlineAt
  | { readonly kind: 'never'; readonly because: readonly string[] }
  | { readonly kind: 'undecided'; readonly because: readonly string[] };

export const undecided = (...because: readonly string[]): Deadline => ({ kind: 'undecided', because });

/** The deadline of an orphan that only the inventory knows. */
export const deadlineOfSilent = (): Deadline =>
  undecided(
    'it is known from a list alone, and no event of it came since: its timers are known from its first retransmission on',
  );

/**
 * The time at which the kernel reaps a dying sock, by the newest evidence. A later line gives a better answer.
 *
 * @param seenAt - when the newest evidence was known to hold; defaults to its line's time
 * @returns `undecided` with the missing facts; never throws
 * @see ../../../docs/close-path.md; Linux net/ipv4/tcp_timer.c
 */
export const deadlineOf = (record: SockRecord, host: Host, seenAt: TraceNs | null = null): Deadline => {
  const { sock } = record;
  if (sock.destroyedAt !== null) return undecided('it has ended');
  if (!record.isFollowed) return undecided('a map of the probes was full: what became of it is not known');
  if (host.clock === null) return undecided("the kernel's HZ is not known: its timers cannot be read");
  if (sock.state === TCP.CLOSE) return undecided('in CLOSE no timer runs: it goes with its last reference');
  const { phase, hz } = host.clock;
  const on = {
    host,
    clock: host.clock,
    observedAt: evidenceAt(record),
    jiffyMs: 1000 / hz,
    wheel: phase === null ? meanWheel(hz) : exactWheel(phase),
  };
  if (sock.state === TCP.FIN_WAIT2) return inFinWait2(record, on);
  if (!isSending(record)) return undecided(`no rule is known for a dying sock in ${stateName(sock.state)}`);
  const ordinary = whileSending(record, on);
  const delivery = deliveryOf(sock, record.last, { seenAt: seenAt ?? traceNs(on.observedAt), now: host.now });
  return delivery === null ? ordinary : whileDelivering(record, delivery, ordinary, host.now);
};

/**
 * Each acknowledgement starts the timers anew. In a pause between two of them TCP_USER_TIMEOUT may end a sock all the
 * same, or a tcp_orphan_retries of 1: a Linux peer leaves a probe unanswered that comes within 500 ms of another. A limit
 * of the host ends it at any tick.
 *
 * @see Linux tcp_probe_timer, tcp_out_of_resources; net.ipv4.tcp_invalid_ratelimit
 */
const whileDelivering = ({ detail }: SockRecord, delivery: Delivery, ordinary: Deadline, now: TraceNs): Deadline => {
  const bound = detail.userTimeoutMs !== 0 ? 'TCP_USER_TIMEOUT' : detail.orphanRetries === 1 ? ONE_RETRY : null;
  if (bound !== null) return { ...ordinary, because: [...ordinary.because, ...boundedReasons(bound, delivery, now)] };
  if (ordinary.kind === 'at' && (ordinary.rule === 'orphan_limit' || ordinary.rule === 'out_of_memory'))
    return ordinary;
  return { kind: 'never', because: deliveringReasons(delivery, now) };
};

const ONE_RETRY = 'tcp_orphan_retries 1';

type On = {
  readonly host: Host;
  readonly clock: KernelClock;
  readonly observedAt: number;
  readonly jiffyMs: number;
  readonly wheel: Wheel;
};

const inFinWait2 = (record: SockRecord, { host, observedAt, jiffyMs, wheel }: On): Deadline => {
  const { sock, detail, last } = record;
  if (detail.finTimeout === 0 && detail.linger2 === 0) {
    return undecided('tcp_fin_timeout of its namespace is not known');
  }
  const entered = record.moves.findLast((move) => move.to === TCP.FIN_WAIT2)?.at;
  const sinceNs = Math.max(entered ?? observedAt, record.closedAt ?? observedAt);
  const end = finWait2End(
    {
      sinceNs,
      nowNs: host.now,
      rtoMs: last.rto * jiffyMs,
      finTimeoutMs: detail.finTimeout * jiffyMs,
      linger2Ms: detail.linger2 * jiffyMs,
    },
    wheel,
  );
  if (isOverdue(end.expectedNs, sinceNs, host.now)) return overdue(sock.state);
  return {
    kind: 'at',
    at: traceNs(end.atNs),
    expectedAt: traceNs(end.expectedNs),
    nextTimerAt: traceNs(Math.max(host.now, end.atNs)),
    ifAnsweredAt: null,
    ifOverdueAt: null,
    rule: end.rule,
    because: end.because,
    isExact: entered !== undefined,
  };
};

const whileSending = (record: SockRecord, { host, clock, observedAt, jiffyMs, wheel }: On): Deadline => {
  const { sock, detail, last } = record;
  const { now } = host;
  const rtoMaxMs = rtoMaxOf(detail.rtoMax * jiffyMs);
  const { userTimeoutMs } = detail;
  const times = { observedAt, rtoMaxMs, userTimeoutMs, isReverted: false };
  const timer = pendingTimer(record, clock, times);
  if (timer === null) return undecided(`no timer was pending in ${stateName(sock.state)}`);
  const lingerEnd = sock.lingering ? sock.closedAt + detail.lingerTime * jiffyMs * 1e6 : null;
  // Data that is sent again counts as sent (lsndtime). A FIN alone or a probe does not.
  const resendsData = timer.timer.kind !== 'probe' && (last.sndNxt - last.sndUna) >>> 0 > 1;
  const dying: Dying = {
    ...timer,
    rtoMaxMs,
    userTimeoutMs,
    orphanRetries: detail.orphanRetries,
    retries2: detail.retries2,
    errSoft: last.errSoft !== 0,
    orphanAtNs: lingerEnd ?? sock.orphanAt ?? Number.NEGATIVE_INFINITY,
    lastSendAtNs: resendsData ? null : clock.jiffiesAt(detail.lsndtime, sock.announcedAt),
    pressure: host.pressure,
    wmemQueued: last.wmemQueued,
    jiffyMs,
  };
  const firstNs = wheel(timer.timer.atNs - timer.timer.setMs * 1e6, timer.timer.setMs);
  if (holderOf(sock.announce.context) === HOLDER.kernel && sock.latest?.startsWith('R') !== true) {
    return isOverdue(firstNs, observedAt, now)
      ? { kind: 'never', because: KERNEL_NEVER }
      : undecided('a socket of the kernel itself: whether tcp_close stopped its timers shows when the next is due');
  }
  if (timer.timer.kind === 'probe' && isHeldHere(last) && last.probesOut === 0 && last.backoff === 0) {
    const dropped = reapingOf({ ...dying, isDroppedHere: true }, wheel);
    if (dropped === 'never' || dropped.expectedNs <= now) return undecided(PACED_OR_FAILING);
    return undecided(PACED_OR_FAILING, ifDroppedReason(Math.max(0, dropped.earliestNs - now) / 1e6));
  }
  const setNs = timer.timer.atNs - observedAt;
  if (droppedHere(record) === 'perhaps' && setNs <= DROPPED_HERE_MS * 1e6) return undecided(PARTLY_DROPPED);
  const linger = `close() waits for SO_LINGER first, ${settingTime(detail.lingerTime * jiffyMs)}`;
  const set = [timer.because, ...(lingerEnd === null ? [] : [linger])];
  const deadline = untilReaped(dying, { state: sock.state, now, observedAt, wheel, set, isExact: timer.isExact });
  if (deadline.kind !== 'at') return deadline;
  if (timer.timer.kind === 'probe' || userTimeoutMs !== 0 || !mayBeReverted(record)) return deadline;
  const undoubled = pendingTimer(record, clock, { ...times, isReverted: true }) ?? timer;
  const doubling = reapingOf(dying, wheel);
  if (doubling === 'never') return deadline;
  const reverted = revertedEnd({ ...dying, ...undoubled }, doubling, wheel);
  // An overdue tick shows that no more such messages came.
  const isReverting = wasReverted(record) && !isOverdue(reverted.next.expectedNs, observedAt, now);
  return withReverts(deadline, isReverting, { reverted, now, dying, errSoft: last.errSoft, set });
};

/** A sock whose transmit timer is followed. */
type Followed = {
  readonly state: number;
  readonly now: TraceNs;
  /** When its timer was observed, ns. */
  readonly observedAt: number;
  readonly wheel: Wheel;
  /** Sentences: the running timer, and what comes before it. */
  readonly set: readonly string[];
  readonly isExact: boolean;
};

/** The deadline of a sock whose transmit timer runs, if nothing more comes from its peer. */
export const untilReaped = (dying: Dying, { state, now, observedAt, wheel, set, isExact }: Followed): Deadline => {
  const reaping = reapingOf(dying, wheel);
  const silent = dying.isAnswering ? reapingOf({ ...dying, isAnswering: false }, wheel) : reaping;
  const agoMs = (now - observedAt) / 1e6;
  const leftMs = (atNs: number): number => Math.max(0, atNs - now) / 1e6;
  if (reaping === 'never') {
    // If the peer was silent and the sock's end has passed, every later tick may end it.
    const isPast = silent === 'never' || isOverdue(silent.expectedNs, observedAt, now);
    const because = neverReasons(dying, agoMs, isPast ? null : leftMs(silent.earliestNs));
    return { kind: 'never', because: [...set, ...because] };
  }
  if (isOverdue(reaping.expectedNs, observedAt, now)) return overdue(state);
  const next = reaping.firings.find((firing) => firing.expectedNs > now) ?? reaping;
  const isAnswered = dying.isAnswering && silent !== 'never';
  const isSilencePast = isAnswered && isOverdue(silent.expectedNs, observedAt, now);
  const isLimited = reaping.rule === 'window_probes' && reaping.isAlive;
  // The ticks are the same whether the peer answers or not: answers only move the end.
  const end = isSilencePast ? next : isAnswered ? silent : reaping;
  const told = isAnswered && !isSilencePast ? silent : reaping;
  // A tick that has passed without ending it was not overdue enough.
  const ifOverdue = told.ifOverdue !== null && told.ifOverdue.expectedNs > now ? told.ifOverdue : null;
  return {
    kind: 'at',
    at: traceNs(end.earliestNs),
    expectedAt: traceNs(end.expectedNs),
    nextTimerAt: traceNs(Math.max(now, next.earliestNs)),
    ifAnsweredAt: isAnswered ? traceNs(reaping.earliestNs) : null,
    ifOverdueAt: ifOverdue === null ? null : traceNs(ifOverdue.earliestNs),
    rule: told.rule,
    because: [
      ...set,
      ...reasonsOf(told, dying, agoMs),
      ...(ifOverdue === null ? [] : [overdueReason(ifOverdue.shortMs, leftMs(ifOverdue.earliestNs))]),
      ...(isAnswered
        ? answeredReasons(agoMs, leftMs(end.earliestNs), leftMs(reaping.earliestNs), { isSilencePast, isLimited })
        : []),
    ],
    isExact,
  };
};

/** The deadline of a doubling timer if ICMP messages undo the doubling, or may undo it. */
const withReverts = (deadline: DeadlineAt, isReverting: boolean, on: Reverting): Deadline => {
  const { reverted, now, dying, errSoft } = on;
  const expectedAt = isReverting ? reverted.expectedNs : deadline.expectedAt;
  const at = Math.min(Math.max(reverted.earliestNs, now), expectedAt);
  const leftMs = (atNs: number): number => Math.max(0, atNs - now) / 1e6;
  if (!isReverting) {
    const because = [...deadline.because, mayRevertReason(errSoft, leftMs(at))];
    return { ...deadline, at: traceNs(at), ifOverdueAt: null, because };
  }
  return {
    ...deadline,
    at: traceNs(at),
    expectedAt: traceNs(expectedAt),
    nextTimerAt: traceNs(Math.max(now, reverted.next.earliestNs)),
    ifOverdueAt: null,
    rule: reverted.rule,
    because: [
      ...(reverted.rule === 'retries' ? on.set : deadline.because),
      ...revertReasons(reverted, dying, errSoft, leftMs(deadline.at)),
    ],
  };
};

type Reverting = {
  readonly reverted: Reverted;
  readonly now: TraceNs;
  readonly dying: Dying;
  readonly errSoft: number;
  /** Sentences: the running timer, and what comes before it. */
  readonly set: readonly string[];
};

const KERNEL_NEVER = [
  'a socket of the kernel itself whose timer should have fired by now and did not',
  'tcp_close stops the timers of a kernel socket that holds no reference on its namespace (sk_net_refcnt 0)',
];

/** States in which the transmit timer decides. A sock announced before its FIN is on the way there. */
const isSending = ({ sock, closedAt }: SockRecord): boolean =>
  sock.state === TCP.FIN_WAIT1 ||
  sock.state === TCP.CLOSING ||
  sock.state === TCP.LAST_ACK ||
  (closedAt !== null &&
    (sock.state === TCP.ESTABLISHED || sock.state === TCP.SYN_RECV || sock.state === TCP.CLOSE_WAIT));

const overdue = (state: number): Deadline =>
  undecided(
    `in ${stateName(state)} beyond what its timers allowed when last observed: something has set them anew, or its end was missed`,
  );

/** The time at which the newest evidence was traced. */
const evidenceAt = ({ sock }: SockRecord): number => sock.latestAt ?? sock.announcedAt;
