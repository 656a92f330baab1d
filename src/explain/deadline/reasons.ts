import { counted, nounOf } from '../../text/count.ts';
import { duration, settingTime } from '../../text/duration.ts';
import { bytesPerSecond, exactSize } from '../../text/size.ts';
import type { Delivery } from '../evidence/delivery.ts';
import { DROPPED_HERE_MS, PROBE_RATELIMIT_MS } from '../kernel/rto.ts';
import type { Dying, Reaping } from './model.ts';
import type { Reverted } from './reverted.ts';

/**
 * The rule that ends a sock, in words and with its figures.
 *
 * @param agoMs - age of the evidence from which its timer is followed
 */
export const reasonsOf = (
  { rule, limit, isAlive, firings, sysctl }: Reaping,
  dying: Dying,
  agoMs: number,
): readonly string[] => {
  const { orphanRetries, retries2, rtoMs, rtoMaxMs, pressure } = dying;
  const source = from(sysctl, sysctl === 'tcp_retries2' ? retries2 : orphanRetries, limit);
  const most = settingTime(rtoMaxMs);
  const ticks = `at the ${ordinal(firings.length)} tick since it was last observed, ${settingTime(agoMs)} ago`;
  switch (rule) {
    case 'retries':
      if (dying.isDroppedHere) {
        return [`tcp_write_timeout gives up ${ticks} (${source}), if this host goes on dropping what it sends`];
      }
      return [
        isAlive
          ? `tcp_write_timeout gives up ${ticks} of a timer that doubles from ${settingTime(rtoMs)} to at most ${most} (${source})`
          : `tcp_write_timeout gives up ${ticks}: icsk_rto is at its maximum of ${most} by then (${source})`,
      ];
    case 'window_probes':
      if (dying.isDroppedHere) {
        return [
          `tcp_probe_timer gives up ${ticks}, after ${counted(limit, 'attempt')} (${source}), if this host goes on dropping what it sends`,
        ];
      }
      return [
        isAlive
          ? `tcp_probe_timer gives up ${ticks}, after ${counted(limit, 'unanswered probe')} (${source})`
          : `tcp_probe_timer gives up ${ticks}: its interval is at its maximum of ${most} by then (${source})`,
      ];
    case 'user_timeout':
      return [
        dying.timer.kind === 'probe'
          ? `TCP_USER_TIMEOUT ends it ${settingTime(limit)} after the probe timer's first tick, before ${sysctl} would`
          : `TCP_USER_TIMEOUT ends it ${settingTime(limit)} after the timer's first tick, in place of ${sysctl}`,
      ];
    case 'orphan_limit':
      return [
        `tcp_out_of_resources kills it ${ticks}: ${pressure.orphans ?? 0} ${nounOf(pressure.orphans ?? 0, 'orphan')}, counted ${counted(2 ** limit, 'time')}, exceed${pressure.orphans === 1 ? 's' : ''} tcp_max_orphans, ${pressure.maxOrphans ?? 0}`,
      ];
    case 'out_of_memory':
      return [
        `tcp_out_of_resources kills it ${ticks}: TCP has ${pressure.memPages ?? 0} ${nounOf(pressure.memPages ?? 0, 'page')}, more than the third of tcp_mem, ${pressure.memHigh ?? 0}, and it has ${exactSize(dying.wmemQueued)} queued`,
      ];
  }
};

/** For a sock whose window has room, before the first attempt of the probe timer. */
export const PACED_OR_FAILING =
  'nothing was in flight though the window had room, and the probe timer was pending: this host paces it (SO_MAX_PACING_RATE), which has no deadline, or could not send it';

/** For a timer that did not double each time, where it is not known if it does now. */
export const PARTLY_DROPPED = `some of its attempts did not leave this host, and some did: whether its timer doubles now, or comes each ${settingTime(DROPPED_HERE_MS)}, is not known`;

/**
 * The earliest end of such a sock.
 *
 * @param earliestMs - from now until it ends if this host drops each attempt
 */
export const ifDroppedReason = (earliestMs: number): string =>
  `if this host itself drops each further attempt, tcp_probe_timer gives up in ${settingTime(earliestMs)}: no sooner than that`;

/**
 * The reason for a timer whose doubling ICMP messages undo.
 *
 * @param doublingMs - from now until it ends if no more such messages come
 * @see Linux net/ipv4/tcp_ipv4.c, tcp_ld_RTO_revert
 */
export const revertReasons = (
  { rule, limit, limitMs, sysctl }: Reverted,
  { orphanRetries, retries2 }: Dying,
  errSoft: number,
  doublingMs: number,
): readonly string[] => [
  `ICMP says unreachable (errno ${errSoft}), and each such message undoes a doubling of icsk_rto (tcp_ld_RTO_revert): the timer goes on ticking as often`,
  ...(rule === 'retries'
    ? [
        `tcp_write_timeout gives up at the first tick from ${settingTime(limitMs)} after the first retransmission on (${from(sysctl, sysctl === 'tcp_retries2' ? retries2 : orphanRetries, limit)}); if no such message comes any more, in ${settingTime(doublingMs)}`,
      ]
    : []),
];

/**
 * The reason for a timer whose doubling was not undone so far.
 *
 * @param earliestMs - from now until the earliest tick that may end it
 */
export const mayRevertReason = (errSoft: number, earliestMs: number): string =>
  `ICMP said unreachable (errno ${errSoft}): a message that says so of the host or its net undoes a doubling of icsk_rto (tcp_ld_RTO_revert), and then it may end in ${settingTime(earliestMs)}`;

/** Says why a tick before the last may be the last. @param earliestMs - from now until that tick */
export const overdueReason = (shortMs: number, earliestMs: number): string =>
  `the tick in ${settingTime(earliestMs)} falls ${settingTime(shortMs)} short: if the timers are overdue by that much in all, as on a busy CPU, it gives up there`;

/**
 * Says why the deadline is a range if the peer had answered window probes.
 *
 * @param earliestMs - from now until the earliest tick that may end it
 * @param answeredMs - from now until it ends if every probe is answered
 * @param isSilencePast - the sock would have ended by now if the peer had answered none since
 * @param isLimited - the peer's own rate of answers ends it
 */
export const answeredReasons = (
  agoMs: number,
  earliestMs: number,
  answeredMs: number,
  { isSilencePast, isLimited }: { readonly isSilencePast: boolean; readonly isLimited: boolean },
): readonly string[] => [
  isSilencePast
    ? `when last observed, ${settingTime(agoMs)} ago, the peer had answered window probes, and it has since; whether it still does is not seen: the next tick, in ${settingTime(earliestMs)}, is the earliest that may end it`
    : `when last observed, ${settingTime(agoMs)} ago, the peer had answered window probes; if it has answered none since, the end comes in ${settingTime(earliestMs)}`,
  `if it goes on answering them, tcp_probe_timer gives up in ${settingTime(answeredMs)}`,
  ...(isLimited
    ? [
        `a Linux peer leaves a probe unanswered that comes within ${settingTime(PROBE_RATELIMIT_MS)} of the last one that it answered (its tcp_invalid_ratelimit); that one is enough`,
      ]
    : []),
];

/** Says why no timer ends a sock that delivers. @param now - from which on the time is told */
export const deliveringReasons = (delivery: Delivery, now: number): readonly string[] => [
  'it still delivers: each acknowledgement starts retries and window probes anew, so neither ends it while the peer goes on',
  doneReason(delivery, now),
];

/** Says why a sock that delivers has a deadline all the same. @param bound - the setting that may end it in a pause */
export const boundedReasons = (bound: string, delivery: Delivery, now: number): readonly string[] => [
  `it still delivers, and each acknowledgement starts that time anew; but ${bound} may end it in a pause, before all is delivered`,
  doneReason(delivery, now),
];

/** Says of an orphan that was only read why its deadline moves. */
export const readDeliveringReasons = (delivery: Delivery, now: number): readonly string[] => [
  'it still delivers: each acknowledgement starts retries and window probes anew, so the end moves on while the peer goes on',
  doneReason(delivery, now),
];

const doneReason = ({ bytesPerSecond: rate, overUs, doneAt }: Delivery, now: number): string =>
  doneAt === null
    ? `at the ${bytesPerSecond(rate)} of ${duration(overUs)} it would have delivered all by now: it is slower since`
    : `an estimate: at the ${bytesPerSecond(rate)} of ${duration(overUs)} it will have delivered all in about ${duration((doneAt - now) / 1000)}`;

/**
 * Says why window probes may go on for ever.
 *
 * @param silentMs - from now until it ends if the peer has answered none since it was observed; null when that is past
 * @see Linux net/ipv4/tcp_output.c, tcp_send_probe0
 */
export const neverReasons = (
  { retries2, orphanRetries, rtoMaxMs }: Dying,
  agoMs: number,
  silentMs: number | null,
): readonly string[] => [
  `when last observed, ${settingTime(agoMs)} ago, the peer had answered window probes; while it does, their backoff stops at tcp_retries2, ${retries2}: short of the maximum interval of ${settingTime(rtoMaxMs)}, or of tcp_orphan_retries ${orphanRetries}`,
  silentMs === null
    ? 'it has answered since; once it stops, tcp_probe_timer gives up'
    : `if it has answered none since, tcp_probe_timer gives up in ${settingTime(silentMs)}`,
];

const from = (sysctl: string, set: number, limit: number): string =>
  set === limit ? `${sysctl} ${limit}` : `${sysctl} ${set}, taken as ${limit}`;

const ordinal = (n: number): string => {
  const ending = n % 100 >= 11 && n % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${ending}`;
};
