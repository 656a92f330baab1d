import type { SockRecord } from '../evidence/record.ts';
import { ERRNO } from '../kernel/errno.ts';
import { ICSK_TIME } from '../kernel/icsk-pending.ts';
import { modelTimeoutMs, retriesOf } from '../kernel/retries.ts';
import { isBelowMax } from '../kernel/rto.ts';
import type { Wheel } from '../kernel/wheel.ts';
import { type Dying, type Firing, firstFirings, type Reaping } from './model.ts';

/** The kernel cuts retrans_stamp, and the time it compares with it, to milliseconds. */
const STAMP_NS = 2e6;

/**
 * True if an ICMP message came that may undo the doubling of icsk_rto: net or host unreachable, or "no route" over
 * IPv6. Other ICMP codes leave the same errno, for example those of a packet filter.
 *
 * @see RFC 6069; Linux net/ipv4/tcp_ipv4.c tcp_v4_err, tcp_ld_RTO_revert, net/ipv6/tcp_ipv6.c tcp_v6_err
 */
export const mayBeReverted = ({ detail, last }: SockRecord): boolean =>
  last.errSoft === ERRNO.ENETUNREACH ||
  (last.errSoft === ERRNO.EHOSTUNREACH && (detail.family === 'ipv4' || detail.raddr.startsWith('::ffff:')));

/** True if a doubling has been undone. Each tick doubles icsk_rto once, but the tick under way has not done so yet. */
export const wasReverted = ({ last }: SockRecord): boolean =>
  last.backoff < last.icskRetransmits - (last.pending === ICSK_TIME.none ? 1 : 0);

/** The end of a sock whose timer does not grow slower. */
export type Reverted = Pick<Reaping, 'rule' | 'limit' | 'sysctl'> & {
  /** The sock ends no earlier than this. A message may bring the timer's next tick forward at any instant. */
  readonly earliestNs: number;
  readonly expectedNs: number;
  readonly next: Firing;
  /** It may end this long after the first retransmission, ms. */
  readonly limitMs: number;
};

/**
 * The end of a sock if an ICMP unreachable answers every retransmission. Its ticks stay short, so one of them comes
 * just after the time limit; a doubling timer may tick long after it.
 *
 * @param dying - with its timer not doubled
 * @param doubling - the end if no more such messages come
 * @see Linux net/ipv4/tcp_timer.c, tcp_write_timeout, retransmits_timed_out
 */
export const revertedEnd = (dying: Dying, doubling: Reaping, wheel: Wheel): Reverted => {
  const firings = firstFirings(dying, wheel);
  const next = firings[0];
  const tick = firings.at(-1) ?? next;
  const since =
    dying.firstRetransmitAtNs === null
      ? tick
      : { earliestNs: dying.firstRetransmitAtNs, expectedNs: dying.firstRetransmitAtNs };
  const stampNs = dying.firstRetransmitAtNs === null ? 0 : STAMP_NS;
  const heldMs = modelTimeoutMs(dying.retries2, dying.rtoMaxMs);
  const isHeld = since.earliestNs + heldMs * 1e6 < dying.orphanAtNs;
  const { sysctl, retries: limit } = retriesOf(!isHeld, isBelowMax(dying.rtoMs, dying.rtoMaxMs), dying);
  const limitMs = modelTimeoutMs(limit, dying.rtoMaxMs);
  const from = (sinceNs: number): number =>
    isHeld ? sinceNs + limitMs * 1e6 : Math.max(sinceNs + limitMs * 1e6, dying.orphanAtNs);
  const setNs = dying.timer.atNs - dying.timer.setMs * 1e6;
  // An ICMP error leaves no retry once the timer is at its maximum.
  const atMaximumNs = doubling.isAlive ? Number.POSITIVE_INFINITY : doubling.earliestNs;
  const end = {
    earliestNs: Math.min(Math.max(from(since.earliestNs - stampNs), setNs), atMaximumNs),
    expectedNs: tickFrom(from(since.expectedNs), tick.expectedNs, dying.rtoMs, wheel),
  };
  if (doubling.rule === 'retries') return { ...end, rule: 'retries', limit, sysctl, next, limitMs };
  // Any tick, the first one too, may find too many orphans or too little memory.
  const killed = doubling.firings.length === 1 ? tick : doubling;
  return killed.earliestNs <= end.earliestNs
    ? { ...doubling, earliestNs: killed.earliestNs, expectedNs: killed.expectedNs, next, limitMs }
    : { ...end, rule: 'retries', limit, sysctl, next, limitMs };
};

/** The first tick at or after `fromNs` of a timer that fires at `atNs` and every `rtoMs` from then on. */
const tickFrom = (fromNs: number, atNs: number, rtoMs: number, wheel: Wheel): number => {
  const periodNs = wheel(atNs, rtoMs) - atNs;
  return atNs + Math.max(0, Math.ceil((fromNs - atNs) / periodNs)) * periodNs;
};
