import { TCP } from '../../kernel/tcp-state.ts';
import type { SockRecord } from './record.ts';
import type { How } from './subject.ts';

/** States that only a reset, an error or a tcp_disconnect leaves for CLOSE. */
const LIVING: ReadonlySet<number> = new Set([TCP.ESTABLISHED, TCP.CLOSE_WAIT]);

/**
 * The state in which the sock was when it was given up; null where that was not observed.
 *
 * It is the state in which tcp_close found it. But the kernel disconnects two kinds of socks before it frees them: the
 * children that a listener forgets, which tcp_close never sees, and its own, as the subflows of MPTCP. They left their
 * state by that very tcp_disconnect, which sets no error before.
 *
 * @see Linux net/ipv4/inet_connection_sock.c, inet_child_forget; net/mptcp/protocol.c, __mptcp_close_ssk
 */
export const foundIn = ({ closedIn, moves, err }: SockRecord, how: How): number | null => {
  const last = moves.at(-1);
  if (last?.to !== TCP.CLOSE || err !== 0 || !LIVING.has(last.from)) return closedIn;
  const isDisconnected = how === 'listener' ? closedIn === null : how === 'kernel' && closedIn === TCP.CLOSE;
  return isDisconnected ? last.from : closedIn;
};
