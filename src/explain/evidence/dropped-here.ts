import type { Evidence } from '../../wire/evidence.ts';
import { ICSK_TIME } from '../kernel/icsk-pending.ts';
import type { SockRecord } from './record.ts';

/**
 * True if this host itself dropped probes: a full queue discipline, for example. Each probe counts as unanswered, but
 * only one that was sent, or that failed for another reason, raises the backoff. tcp_retries2 is where it stops.
 *
 * @see Linux net/ipv4/tcp_output.c, tcp_send_probe0
 */
export const areProbesDroppedHere = (
  { probesOut, backoff }: Pick<Evidence, 'probesOut' | 'backoff'>,
  retries2: number,
): boolean => probesOut > backoff && backoff < retries2;

/** True if the retransmission timer fired more often than it doubled. @see Linux tcp_retransmit_timer */
const isUndoubled = ({ pending, icskRetransmits, backoff }: Evidence): boolean =>
  pending === ICSK_TIME.retrans && icskRetransmits > backoff;

/**
 * True if this host itself dropped what it sent: the timer fired without doubling, and fewer segments were sent again
 * than it fired. An ICMP message undoes a doubling too, but that segment had left this host.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_retransmit_timer
 */
export const isDroppedHere = ({ sock, detail, last }: SockRecord): boolean => {
  if (last.pending === ICSK_TIME.probe0) return areProbesDroppedHere(last, detail.retries2);
  const timeouts = last.icskRetransmits - detail.evidence.icskRetransmits;
  return isUndoubled(last) && timeouts > sock.retransmits - sock.announce.retransmits;
};
