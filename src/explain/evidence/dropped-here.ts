import { TCP } from '../../kernel/tcp-state.ts';
import type { Evidence } from '../../wire/evidence.ts';
import { ICSK_TIME } from '../kernel/icsk-pending.ts';
import type { SockRecord } from './record.ts';

/**
 * Tells if this host itself drops what it sends: its queue discipline is full, for example. `perhaps`: some was dropped
 * here and some was sent, and which came last is not known.
 */
export type DroppedHere = 'yes' | 'no' | 'perhaps';

/**
 * Tells it from a probe timer: a dropped probe counts as unanswered, and leaves the backoff as it is. The backoff stops
 * at tcp_retries2 in any case.
 *
 * @see Linux net/ipv4/tcp_output.c, tcp_send_probe0
 */
export const probesDroppedHere = (
  { probesOut, backoff }: Pick<Evidence, 'probesOut' | 'backoff'>,
  retries2: number,
): DroppedHere => (probesOut <= backoff || backoff >= retries2 ? 'no' : backoff === 0 ? 'yes' : 'perhaps');

/**
 * Tells it from either timer. The retransmission timer does not double when this host drops the segment, and no
 * retransmission is traced. An ICMP message undoes a doubling too, but that segment was sent.
 *
 * @see Linux net/ipv4/tcp_timer.c tcp_retransmit_timer, net/ipv4/tcp_output.c __tcp_retransmit_skb
 */
export const droppedHere = ({ sock, detail, last }: SockRecord): DroppedHere => {
  if (last.pending === ICSK_TIME.probe0) return probesDroppedHere(last, detail.retries2);
  // A line about a retransmission says that this one was sent.
  if (sock.latest?.startsWith('R') === true) return 'no';
  const timeouts = last.icskRetransmits - detail.evidence.icskRetransmits;
  if (timeouts <= sock.retransmits - sock.announce.retransmits) return 'no';
  // Its end wipes the backoff (tcp_write_queue_purge), but not icsk_rto.
  if (sock.state === TCP.CLOSE) return last.rto <= detail.evidence.rto ? 'yes' : 'perhaps';
  if (last.icskRetransmits <= last.backoff) return 'no';
  return last.backoff <= detail.evidence.backoff ? 'yes' : 'perhaps';
};
