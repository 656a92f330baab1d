import { stateName, TCP } from '../../kernel/tcp-state.ts';
import { traceNs } from '../../kernel/units.ts';
import { isRead, type Read, type Silent } from '../../lifecycle/baseline.ts';
import { settingTime } from '../../text/duration.ts';
import { deliveryOfRead } from '../evidence/delivery.ts';
import { probesDroppedHere } from '../evidence/dropped-here.ts';
import { DIAG_TIMER, standingOfRead } from '../evidence/standing.ts';
import { isHeldHere } from '../evidence/window.ts';
import { DROPPED_HERE_MS, isAnsweringProbes, probeIntervalMs, rtoMaxOf } from '../kernel/rto.ts';
import { exactWheel, meanWheel, WHEEL_SHARE } from '../kernel/wheel.ts';
import { type Deadline, deadlineOfSilent, type Host, undecided, untilReaped } from './deadline.ts';
import { isOverdue } from './overdue.ts';
import { firstByDoubling, probingSince, whyProbing } from './pending-timer.ts';
import { PACED_OR_FAILING, PARTLY_DROPPED, readDeliveringReasons } from './reasons.ts';

/** The deadline of an orphan of the baseline: by its newest reading, else by its line of the inventory. */
export const deadlineOfUntraced = (orphan: Silent, host: Host): Deadline => {
  const { timer } = orphan;
  const { at } = orphan.reading ?? orphan;
  if (orphan.state === TCP.FIN_WAIT2 && timer?.kind === DIAG_TIMER.keepalive) return inFinWait2(timer.ms, at, host);
  if (!isRead(orphan)) return deadlineOfSilent();
  const ordinary = whileSending(orphan, host);
  const delivery = deliveryOfRead(orphan, standingOfRead(orphan).last, host.now);
  if (delivery === null) return ordinary;
  // TCP_USER_TIMEOUT is not known, and may end it in a pause: it keeps its deadline.
  return { ...ordinary, because: [...ordinary.because, ...readDeliveringReasons(delivery, host.now)] };
};

const inFinWait2 = (timerMs: number, seenAt: number, host: Host): Deadline => {
  const at = traceNs(seenAt + timerMs * 1e6);
  const cutNs = cutOff(timerMs) * 1e6;
  const expectedAt = traceNs(at + timerMs * 1e6 * WHEEL_SHARE * 0.25 + cutNs / 2);
  // A timer that is more overdue than that was a different timer.
  if (isOverdue(at, seenAt, host.now - cutNs)) return deadlineOfSilent();
  return {
    kind: 'at',
    at,
    expectedAt,
    nextTimerAt: at,
    ifAnsweredAt: null,
    ifOverdueAt: null,
    rule: 'fin_wait2_timewait',
    because: [
      `when it was listed its FIN_WAIT2 timer was due in ${settingTime(timerMs)}; then a minisock takes over, and it is no orphan any more`,
    ],
    isExact: false,
  };
};

/** The time that ss may have cut off, ms. It writes times from 10 s in seconds, and from 10 min in minutes. */
const cutOff = (ms: number): number =>
  ms >= 600_000 && ms % 60_000 === 0 ? 60_000 : ms >= 10_000 && ms % 1000 === 0 ? 1000 : 0;

/**
 * sock_diag tells the pending timer, icsk_rto and the counts, not retrans_stamp, icsk_probes_tstamp, TCP_USER_TIMEOUT or
 * what ICMP said. The first two follow from the doubling of the timer.
 */
const whileSending = (read: Read, host: Host): Deadline => {
  const { state, timer, retransmits, reading } = read;
  const { rtoMs, backoff, sysctls } = reading;
  if (host.clock === null) return undecided("the kernel's HZ is not known: its timers cannot be read");
  if (sysctls === null) return undecided('the sysctls of its namespace could not be read');
  const isProbe = timer.kind === DIAG_TIMER.probe;
  if (!isProbe && timer.kind !== DIAG_TIMER.retransmission)
    return undecided(`no timer was pending in ${stateName(state)} when it was read`);
  const { hz, phase } = host.clock;
  const rtoMaxMs = rtoMaxOf(sysctls.rtoMaxMs);
  const atNs = reading.at + timer.ms * 1e6;
  const { isDroppedHere, last } = standingOfRead(read);
  if (isProbe && isHeldHere(last) && timer.probesOut === 0 && backoff === 0) return undecided(PACED_OR_FAILING);
  if (!isProbe && retransmits > backoff) {
    return undecided(
      'its retransmission timer fired without doubling each time: ICMP undid a doubling, or this host itself dropped what was sent; sock_diag does not tell which',
    );
  }
  const probes = { probesOut: timer.probesOut, backoff };
  if (isProbe && timer.ms <= DROPPED_HERE_MS && probesDroppedHere(probes, sysctls.retries2) === 'perhaps') {
    return undecided(PARTLY_DROPPED);
  }
  const setMs = isDroppedHere ? DROPPED_HERE_MS : isProbe ? probeIntervalMs(rtoMs, backoff, rtoMaxMs) : rtoMs;
  const dying = {
    timer: { kind: isProbe ? ('probe' as const) : ('rto' as const), atNs, setMs },
    rtoMs,
    rtoMaxMs,
    retransmits: isProbe ? 0 : retransmits,
    firstRetransmitAtNs: isProbe || retransmits === 0 ? null : firstByDoubling(atNs, rtoMs, retransmits),
    backoff,
    probesOut: timer.probesOut,
    isAnswering: isProbe && isAnsweringProbes(probes, rtoMs, rtoMaxMs),
    isDroppedHere,
    probingSinceNs: isProbe ? probingSince(probes, isDroppedHere, atNs, rtoMs, rtoMaxMs) : null,
    userTimeoutMs: 0,
    orphanRetries: sysctls.orphanRetries,
    retries2: sysctls.retries2,
    errSoft: false,
    orphanAtNs: Number.NEGATIVE_INFINITY,
    lastSendAtNs: reading.at - reading.lastSendMs * 1e6,
    pressure: host.pressure,
    wmemQueued: reading.wmemQueued,
    jiffyMs: 1000 / hz,
  };
  return untilReaped(dying, {
    state: state,
    now: host.now,
    observedAt: reading.at,
    wheel: phase === null ? meanWheel(hz) : exactWheel(phase),
    set: [
      isProbe ? whyProbing(isDroppedHere, !isHeldHere(last)) : 'the retransmission timer was pending',
      'sock_diag does not tell TCP_USER_TIMEOUT: one that is set may end it sooner',
    ],
    isExact: false,
  });
};
