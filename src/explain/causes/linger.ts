import { READ_IN_TIME } from '../sentences/notes.ts';
import type { WaitingCause } from './cause.ts';

export const linger: WaitingCause<'linger'> = {
  name: 'linger',
  title: 'the process waits inside close() for SO_LINGER',
  meaning:
    'SO_LINGER with a time makes close() block until our data and FIN are acknowledged or the time is over; until then a process holds the socket, and it is no orphan.',
  looksLike:
    'A thread sits in close() (`cat /proc/PID/stack`: sk_stream_wait_close). `ss -tnp` shows FIN_WAIT1, CLOSING or LAST_ACK; finwait counts it as dying and not as an orphan.',
  why: 'SO_LINGER with l_linger > 0 asks for it. A process that exits does not wait, and a signal ends the wait; when the time is over, the socket becomes an orphan and goes on.',
  helps: [
    'Take SO_LINGER out of the application, or lower its time: without it close() returns at once and the kernel sends the rest all the same.',
    `An application that must know what arrived asks the peer for a reply: shutdown(SHUT_WR), read until 0, then close(). ${READ_IN_TIME}`,
  ],
  doesNotHelp: [
    'O_NONBLOCK does not help: close() does not look at it, and waits.',
    'net.ipv4.tcp_fin_timeout does not help: the wait is over when our FIN is acknowledged, before FIN_WAIT2 counts.',
    'SO_LINGER with 0 s is no faster close but a reset: it throws away what was not acknowledged.',
  ],
  howKnown:
    'The LINGER flag with a time above 0 at tcp_close, and the socket is not dead (SOCK_DEAD) yet. Where the wait ran out, its end is inferred: `gaps` has `linger_end_inferred`.',
  knownBy: 'close() itself, for SO_LINGER',
  cites: '__tcp_close, sk_stream_wait_close (net/ipv4/tcp.c, net/core/stream.c)',
  scenario: 'linger_waits',
  captureNote:
    'close() waited for `linger` until the FIN, dropped at first, was acknowledged; what came after was ordinary.',
  side: 'local',
  isHarmless: false,
  cell: 'still in close()',
  help: 'the process is still in close(), held there by SO_LINGER',
  question: ({ isLingering }) => isLingering,
  evidence: () => ({ because: 'close() has not returned: it waits for SO_LINGER' }),
  advice: () => [
    'The process waits in close() for SO_LINGER: take the option out, or lower its time.',
    'O_NONBLOCK would not help: close() does not look at it.',
  ],
};
