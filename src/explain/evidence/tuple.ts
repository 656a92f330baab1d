import { TCP } from '../../kernel/tcp-state.ts';
import { stateOf } from '../../wire/evidence.ts';
import type { SockRecord } from './record.ts';

/**
 * True if tcp_disconnect had cleared the peer's port before the announcement, and with it the local address unless
 * bind() had set it. The peer's address stays. A listener, and a sock that was never connected, have no peer: their
 * port 0 is the truth.
 *
 * @see Linux net/ipv4/tcp.c, tcp_disconnect
 */
export const isTupleCleared = ({ sock, detail, moves }: SockRecord): boolean =>
  detail.rport === 0 &&
  stateOf(sock.announce.context) === TCP.CLOSE &&
  !isAny(detail.raddr) &&
  moves.at(-1)?.from !== TCP.LISTEN;

export const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';
