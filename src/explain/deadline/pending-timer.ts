import { TCP } from '../../kernel/tcp-state.ts';
import { settingTime } from '../../text/duration.ts';
import { VIA } from '../../wire/event.ts';
import { type Evidence, stateOf } from '../../wire/evidence.ts';
import { droppedHere } from '../evidence/dropped-here.ts';
import type { SockRecord } from '../evidence/record.ts';
import { hasNoRoom } from '../evidence/window.ts';
import { ICSK_TIME } from '../kernel/icsk-pending.ts';
import {
  clampToUserTimeout,
  DROPPED_HERE_MS,
  doubledRto,
  isAnsweringProbes,
  probedMs,
  probeIntervalMs,
} from '../kernel/rto.ts';
import { WHEEL_SHARE } from '../kernel/wheel.ts';
import type { KernelClock } from './kernel-clock.ts';
import type { Dying } from './model.ts';

/** The transmit timer after the kernel has finished the step during which the evidence was traced. */
export type PendingTimer = Pick<
  Dying,
  | 'timer'
  | 'rtoMs'
  | 'retransmits'
  | 'firstRetransmitAtNs'
  | 'backoff'
  | 'probesOut'
  | 'isAnswering'
  | 'isDroppedHere'
  | 'probingSinceNs'
> & {
  /** True if the expiry of the timer, or the tick that set it, was observed. */
  readonly isExact: boolean;
  readonly because: string;
};

export type Times = {
  readonly observedAt: number;
  readonly rtoMaxMs: number;
  readonly userTimeoutMs: number;
  /** Assume that an ICMP message undoes the doubling of the traced tick. */
  readonly isReverted: boolean;
};

/**
 * The transmit timer that follows from the newest evidence, or null where none is pending.
 *
 * An R line is traced inside the timer's tick: the kernel has counted the retransmission, but has neither doubled
 * icsk_rto nor set the timer yet. An announcement is traced before the FIN is sent, and the FIN may set another timer.
 *
 * @see Linux net/ipv4/tcp_timer.c tcp_retransmit_timer, net/ipv4/tcp_output.c tcp_send_fin, tcp_schedule_loss_probe
 */
export const pendingTimer = (record: SockRecord, clock: KernelClock, times: Times): PendingTimer | null => {
  const { last } = record;
  const { observedAt, rtoMaxMs } = times;
  const jiffyMs = 1000 / clock.hz;
  const rtoMs = Math.max(jiffyMs, last.rto * jiffyMs);
  const expiry = last.rtoTimer === 0 ? null : clock.jiffiesAt(last.rtoTimer, observedAt);
  const firstRetransmitAtNs = last.icskRetransmits === 0 ? null : clock.stampAt(last.retransStamp, observedAt);
  const base = {
    rtoMs,
    retransmits: last.icskRetransmits,
    firstRetransmitAtNs:
      last.icskRetransmits === 0
        ? null
        : (firstRetransmitAtNs ?? firstByDoubling(expiry ?? observedAt, rtoMs, last.icskRetransmits)),
    backoff: last.backoff,
    probesOut: last.probesOut,
    isAnswering: false,
    isDroppedHere: droppedHere(record) === 'yes',
    probingSinceNs: null,
  };
  const set = (kind: 'rto' | 'tlp', atNs: number, setMs: number, isExact: boolean, because: string): PendingTimer => ({
    ...base,
    timer: { kind, atNs, setMs },
    isExact: isExact && (base.retransmits === 0 || firstRetransmitAtNs !== null),
    because,
  });
  const asObserved = (kind: 'rto' | 'tlp', because: string): PendingTimer =>
    set(kind, expiry ?? observedAt + rtoMs * 1e6, rtoMs, expiry !== null, because);

  if (isRetransmission(record)) {
    if (last.pending === ICSK_TIME.none) return insideTick(base, last, firstRetransmitAtNs, times, jiffyMs);
    const because =
      last.pending === ICSK_TIME.lossProbe
        ? 'a loss probe was sent, which sets the retransmission timer anew (tcp_send_loss_probe)'
        : 'a segment was sent again on an acknowledgement, which sets the retransmission timer anew';
    return set('rto', observedAt + rtoMs * 1e6, rtoMs, last.pending === ICSK_TIME.lossProbe, because);
  }
  if (last.pending === ICSK_TIME.probe0) {
    const { isDroppedHere } = base;
    const setMs = isDroppedHere ? DROPPED_HERE_MS : probeIntervalMs(rtoMs, last.backoff, rtoMaxMs);
    const atNs = expiry ?? observedAt + setMs * 1e6;
    return {
      ...base,
      timer: { kind: 'probe', atNs, setMs },
      isAnswering: isAnsweringProbes(last, rtoMs, rtoMaxMs),
      probingSinceNs: probingSince(last, isDroppedHere, atNs, rtoMs, rtoMaxMs),
      isExact: expiry !== null && (last.backoff === 0 || last.probesOut === last.backoff),
      because: whyProbing(isDroppedHere, hasNoRoom(last)),
    };
  }
  if (last.pending === ICSK_TIME.retrans) {
    if (!base.isDroppedHere) return asObserved('rto', 'the retransmission timer was pending');
    const because = `the retransmission timer was pending, and this host itself dropped what it had sent: then it comes each ${settingTime(DROPPED_HERE_MS)} and does not double (tcp_retransmit_timer)`;
    return set('rto', expiry ?? observedAt + DROPPED_HERE_MS * 1e6, DROPPED_HERE_MS, expiry !== null, because);
  }
  const isUnsent = isFinUnsent(stateOf(last.context));
  if (last.packetsOut > 0 && (last.pending === ICSK_TIME.lossProbe || last.pending === ICSK_TIME.reorder)) {
    if (!isUnsent || hasNoRoom(last)) return asObserved('tlp', 'the loss probe timer was pending');
    const soon = observedAt + 2 * jiffyMs * 1e6;
    const because = 'the FIN followed segments in flight, and a loss probe it (tcp_schedule_loss_probe)';
    return set('tlp', Math.min(expiry ?? soon, soon), 2 * jiffyMs, false, because);
  }
  if (!isUnsent) return null;
  // A loss probe waits for two round trips and the least icsk_rto, but no longer than icsk_rto. That is nearly always
  // icsk_rto.
  const because =
    'the FIN was sent with nothing in flight: first a loss probe (tcp_schedule_loss_probe), then icsk_rto';
  return set('tlp', observedAt + rtoMs * 1e6, rtoMs, false, because);
};

/**
 * The first tick of the probe timer. Where this host drops the probes, the delay of the timer wheel adds up over the
 * ticks; so the earliest possible time is given.
 */
export const probingSince = (
  { backoff, probesOut }: Pick<Dying, 'backoff' | 'probesOut'>,
  areDropped: boolean,
  atNs: number,
  rtoMs: number,
  rtoMaxMs: number,
): number | null => {
  const droppedMs = areDropped ? (probesOut - backoff) * DROPPED_HERE_MS * (1 + WHEEL_SHARE) : 0;
  return backoff === 0 && !areDropped ? null : atNs - (probedMs(rtoMs, backoff, rtoMaxMs) + droppedMs) * 1e6;
};

/** The reason why the probe timer runs. */
export const whyProbing = (areDropped: boolean, isShut: boolean): string => {
  const why = `${isShut ? 'the window was shut' : 'nothing was in flight though the window had room'} and the probe timer pending (tcp_probe_timer)`;
  return areDropped
    ? `${why}; this host itself dropped what it sent: then that timer comes each ${settingTime(DROPPED_HERE_MS)} and does not double (tcp_send_probe0)`
    : why;
};

/** The timer after the traced tick: icsk_rto doubles, and the timer is set for it. */
const insideTick = (
  base: Omit<PendingTimer, 'timer' | 'isExact' | 'because'>,
  last: Evidence,
  stampNs: number | null,
  { observedAt, rtoMaxMs, userTimeoutMs, isReverted }: Times,
  jiffyMs: number,
): PendingTimer => {
  const isFirst = last.retransStamp === 0;
  const firstRetransmitAtNs = isFirst
    ? observedAt
    : (stampNs ?? firstByDoubling(observedAt, base.rtoMs, base.retransmits - 1));
  const rtoMs = isReverted ? Math.min(base.rtoMs, rtoMaxMs) : doubledRto(base.rtoMs, rtoMaxMs);
  const setMs = clampToUserTimeout(rtoMs, userTimeoutMs, (observedAt - firstRetransmitAtNs) / 1e6, jiffyMs);
  return {
    ...base,
    rtoMs,
    retransmits: Math.max(1, base.retransmits),
    firstRetransmitAtNs,
    timer: { kind: 'rto', atNs: observedAt + setMs * 1e6, setMs },
    isExact: isFirst || stampNs !== null,
    because: `retransmission ${Math.max(1, base.retransmits)} by the timer was observed`,
  };
};

/** The time of the first retransmission if its stamp cannot be read: `steps` intervals back, each half of the next. */
export const firstByDoubling = (atNs: number, rtoMs: number, steps: number): number =>
  atNs - rtoMs * (2 - 2 ** (1 - Math.max(0, steps))) * 1e6;

/** True if the newest evidence was traced at a retransmission: it is an R line, or an announcement made at one. */
const isRetransmission = ({ sock, last }: SockRecord): boolean =>
  sock.latest === null
    ? sock.announce.via === VIA.foundDead && last.pending === ICSK_TIME.none && last.packetsOut > 0
    : sock.latest.startsWith('R');

/** States in which tcp_close is about to send the FIN. */
const isFinUnsent = (state: number): boolean =>
  state === TCP.ESTABLISHED || state === TCP.SYN_RECV || state === TCP.CLOSE_WAIT;
