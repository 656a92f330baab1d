import { TCP } from '../../kernel/tcp-state.ts';
import { isErrorOfReset } from '../evidence/fast-death.ts';
import { type EndingCause, NO, undecided, yes } from './cause.ts';

export const listenerClosed: EndingCause<'listener_closed'> = {
  name: 'listener_closed',
  title: 'a listener was closed, with what it had not accepted',
  meaning:
    'The listener was closed; connections that were complete and not accepted yet are reset, and never belonged to a process.',
  looksLike:
    "Clients see ECONNRESET right after connecting, at the moment a server restarts; the server's log knows nothing of them.",
  why: 'A connection is complete before accept() takes it. When the listener is closed, what is in its queue has no owner and is reset; each is an orphan for an instant inside the kernel only.',
  helps: [
    'Take the host out of the load balancer first, accept what is queued (until EAGAIN), then close the listener.',
    'Pass the listener on to the new process (SCM_RIGHTS, systemd socket activation): a listener that stays open drops nobody.',
    'With SO_REUSEPORT listeners, net.ipv4.tcp_migrate_req=1 moves the queue to another listener of the group (Linux 5.14 or newer).',
  ],
  doesNotHelp: [
    'net.core.somaxconn does not help: a longer queue loses more connections when the listener goes.',
    'net.ipv4.tcp_abort_on_overflow does not help: it answers a full queue, not a closed listener.',
  ],
  howKnown:
    'The listener goes LISTEN to CLOSE. Its children are destroyed unlocked, without a `struct socket`: nobody ever held them.',
  knownBy: 'the listener, or its children that were never accepted',
  cites: 'inet_csk_listen_stop, inet_child_forget (net/ipv4/inet_connection_sock.c)',
  scenario: 'listener',
  side: 'local',
  isHarmless: false,
  /** @see Linux inet_csk_listen_stop, inet_child_forget */
  question: ({ phase, from, err, isUnaccepted, isClosed }) => {
    if (phase === 'in_close') return from === TCP.LISTEN ? yes('it was a listener') : NO;
    if (phase !== 'before_close') return NO;
    if (isUnaccepted) {
      if (from === TCP.SYN_RECV) {
        return undecided(
          'a child dropped in SYN_RECV: another one had its addresses and ports, or its listener was closing',
        );
      }
      return from !== 0 && !isErrorOfReset(err)
        ? yes('destroyed unlocked and without a struct socket: a child its listener forgot')
        : NO;
    }
    return isClosed && from === TCP.LISTEN ? yes('it was a listener, shut down before the close') : NO;
  },
  // A closing listener disconnects its children: the kernel sends a reset, and sets sk_err as if one had come.
  fastDeath: ({ phase, from, err, isUnaccepted, sentReset }) => {
    if (phase === 'in_close') return from === TCP.LISTEN ? 'local' : null;
    if (phase !== 'before_close') return null;
    return (isUnaccepted ? from !== 0 && (err === 0 || sentReset) : from === TCP.LISTEN) ? 'local' : null;
  },
  advice: () => [],
};
