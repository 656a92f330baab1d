import { TCP } from '../../kernel/tcp-state.ts';
import { exactSize } from '../../text/size.ts';
import { unreadBytes } from '../evidence/sequence.ts';
import { READ_IN_TIME, RESET_AT_CLOSE_KNOWN_BY } from '../sentences/notes.ts';
import { type EndingCause, NO, yes } from './cause.ts';

export const unreadData: EndingCause<'unread_data'> = {
  name: 'unread_data',
  title: 'closed with data unread: close() reset it',
  meaning:
    'Data had arrived that the process did not read, so close() sent a reset instead of a FIN (TCPAbortOnClose); the peer can lose our last data as well.',
  looksLike:
    'ESTABLISHED or CLOSE_WAIT to CLOSE inside close(), a RST to the peer; `nstat -az TcpExtTCPAbortOnClose` grows. The client reports `connection reset by peer` in place of the answer.',
  why: 'RFC 2525 wants it: a FIN would tell the peer that its data arrived well. A server that answers before it has read the request meets it every day.',
  helps: [
    `Read before closing: shutdown(SHUT_WR), read until 0, then close(). ${READ_IN_TIME}`,
    'A server that refuses a request (413, a full queue) reads and drops some of the body before it closes, or the client never sees the answer.',
  ],
  doesNotHelp: [
    'SO_LINGER with a time does not help: unread data is looked at first, and the reset is sent all the same.',
    'No sysctl changes it; net.ipv4.tcp_abort_on_overflow is about the accept queue.',
  ],
  howKnown: "tcp_close itself moved it into CLOSE, and `rcv_nxt` − `copied_seq` (less the peer's FIN) was above 0.",
  knownBy: RESET_AT_CLOSE_KNOWN_BY,
  cites: '__tcp_close (net/ipv4/tcp.c)',
  scenario: 'unread_data',
  side: 'local',
  isHarmless: false,
  isResetAtOnce: true,
  /** @see Linux __tcp_close (TCPAbortOnClose) */
  question: ({ phase, from, record }) => {
    const unread = unreadBytes(record);
    if (phase !== 'in_close' || from === TCP.SYN_SENT || from === TCP.LISTEN || unread === null || unread === 0)
      return NO;
    return yes(`closed with ${exactSize(unread)} unread: tcp_close resets (TCPAbortOnClose)`);
  },
  fastDeath: ({ phase, hasUnread }) => (phase === 'in_close' && hasUnread ? 'local' : null),
  advice: (path) => [
    `Let the application read ${path.unread_bytes === null ? 'what is there' : `the ${exactSize(path.unread_bytes)} that were there`} before close(): shutdown(SHUT_WR), then read until 0, with a time limit.`,
    'No sysctl changes it, and SO_LINGER with a time would not either: unread data is looked at first.',
  ],
};
