import { counted } from '../../text/count.ts';
import { ERRNO, isUnreachable } from '../kernel/errno.ts';
import type { Facts } from './facts.ts';
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

/** `timed out (ETIMEDOUT)`, or the error that ICMP had reported. */
export const timedOut = (err: number): string =>
  `timed out (${err === ERRNO.ETIMEDOUT ? 'ETIMEDOUT' : `errno ${err}, which an ICMP error had told before, or the loss of this host's own route`})`;

/** `3 unanswered window probes`. */
export const unanswered = (probes: number): string => counted(probes, 'unanswered window probe');

/** The side that kept it: the network if ICMP said that the way was closed, otherwise the cause's own side. */
export const sideOfTimeout = (err: number): { readonly side?: Side } => (isUnreachable(err) ? { side: 'network' } : {});
