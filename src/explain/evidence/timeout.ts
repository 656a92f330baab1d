import { counted } from '../../text/count.ts';
import { ERRNO, isUnreachable } from '../kernel/errno.ts';
import type { Facts } from './facts.ts';
import type { SockRecord } from './record.ts';
import type { Side } from './subject.ts';

/**
 * True if a timer gave up on the sock: tcp_write_err, which sends no reset. It sets ETIMEDOUT, but prefers the error
 * that an ICMP message left (sk_err_soft).
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_write_err
 */
export const isTimeout = ({ phase, err, record, sentReasons, received }: Facts): boolean =>
  phase === 'after_close' &&
  sentReasons.length === 0 &&
  !received &&
  (err === ERRNO.ETIMEDOUT || (err !== 0 && err === record.last.errSoft));

/**
 * The maker of an error that says unreachable. An ICMP error leaves it, as does the loss of this host's own route. A host
 * that lost its route sends no more, though its timer goes on; one that ICMP answers goes on sending. Null: not known.
 */
export type Unreachable = 'icmp' | 'own' | null;

/** So many timeouts without a retransmission are no probe that the kernel skipped, and no tail loss probe before. */
const FEW = 2;

/** @see Linux inet_sk_rebuild_header, tcp_v4_err (sk_err_soft), __tcp_retransmit_skb */
export const unreachableBy = ({ sock, detail, last }: SockRecord): Unreachable => {
  const timeouts = last.icskRetransmits - detail.evidence.icskRetransmits;
  const left = sock.retransmits - sock.announce.retransmits;
  if (timeouts <= 0) return null;
  if (left >= timeouts) return 'icmp';
  return left === 0 || timeouts - left >= FEW ? 'own' : null;
};

const MAKERS: Readonly<Record<'icmp' | 'own' | 'unknown', string>> = {
  icmp: 'which an ICMP error had told before: every retransmission left this host',
  own: 'and not all retransmissions left this host: it has lost its own route to the peer',
  unknown: "which an ICMP error had told before, or the loss of this host's own route",
};

/** `timed out (ETIMEDOUT)`, or the error that says unreachable. @param by - its maker */
export const timedOut = (err: number, by: Unreachable): string =>
  `timed out (${err === ERRNO.ETIMEDOUT ? 'ETIMEDOUT' : `errno ${err}, ${MAKERS[isUnreachable(err) ? (by ?? 'unknown') : 'icmp']}`})`;

/** `3 unanswered window probes`. */
export const unanswered = (probes: number): string => counted(probes, 'unanswered window probe');

const SIDES: Readonly<Record<'icmp' | 'own' | 'unknown', Side>> = { icmp: 'network', own: 'local', unknown: 'unknown' };

/** The side that kept it: that of the maker of an error that says unreachable, otherwise the cause's own side. */
export const sideOfTimeout = (err: number, by: Unreachable): { readonly side?: Side } =>
  isUnreachable(err) ? { side: SIDES[by ?? 'unknown'] } : {};

const SAID: Readonly<Record<'icmp' | 'own' | 'unknown', string>> = {
  icmp: 'ICMP said unreachable',
  own: 'this host has lost its own route to the peer, and not all retransmissions left it',
  unknown: 'ICMP said unreachable, or this host has lost its own route',
};

/** The error that says unreachable, of a sock that still is dying. */
export const unreachable = (errSoft: number, by: Unreachable): string => `${SAID[by ?? 'unknown']} (errno ${errSoft})`;
