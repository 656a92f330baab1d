import { TCP } from '../../kernel/tcp-state.ts';
import { type Evidence, SOCK } from '../../wire/evidence.ts';
import type { SockRecord } from './record.ts';

/** States in which a sock has sequence numbers of a connection. */
export const hasSequence = (state: number): boolean =>
  state !== TCP.CLOSE && state !== TCP.LISTEN && state !== TCP.SYN_SENT && state !== 0;

/** Bytes from b on to a in sequence space; null if a is before b, which never happens in a consistent snapshot. */
export const distance = (a: number, b: number): number | null => {
  const bytes = (a - b) >>> 0;
  return bytes > 0x7fffffff ? null : bytes;
};

/** True if the peer acknowledged everything we sent, our FIN included. */
export const isAllAcked = (evidence: Evidence): boolean => distance(evidence.writeSeq, evidence.sndUna) === 0;

/** True if our FIN, which tcp_close had queued, or data before it, has not left this host. */
export const isFinUnsent = ({ sndNxt, writeSeq }: Evidence): boolean => sndNxt !== writeSeq;

/**
 * Bytes that had arrived and were not read at the close: rcv_nxt - copied_seq, less the peer's FIN if that was not read
 * either (reading end-of-file moves copied_seq over it).
 *
 * @returns null if the sequence numbers mean nothing (never connected, or no close observed)
 * @see Linux include/net/tcp.h, tcp_inq
 */
export const unreadBytes = (record: SockRecord): number | null => {
  const { detail, sock, closedIn } = record;
  if (closedIn === null || !hasSequence(closedIn)) return null;
  const bytes = distance(detail.rcvNxt, detail.copiedSeq);
  const hasFin = (sock.announce.flags & SOCK.DONE) !== 0;
  return bytes !== null && bytes > 0 && hasFin ? bytes - 1 : bytes;
};

/** The bytes without our FIN. In these states the last unacknowledged byte is the FIN. */
export const withoutFin = (bytes: number | null, state: number | null): number | null =>
  bytes !== null && bytes > 0 && (state === TCP.FIN_WAIT1 || state === TCP.CLOSING || state === TCP.LAST_ACK)
    ? bytes - 1
    : bytes;
