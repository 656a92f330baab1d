import { ERRNO } from '../kernel/errno.ts';
import { NOT_ON_OLD } from '../sentences/notes.ts';
import { lostOf } from '../sentences/peer.ts';
import { type EndingCause, NO, undecided, yes } from './cause.ts';

export const killed: EndingCause<'killed'> = {
  name: 'killed',
  title: 'ended by an operator: ss -K or a BPF program',
  meaning: 'Somebody had the kernel abort it (tcp_abort, ECONNABORTED): `ss -K`, or bpf_sock_destroy().',
  looksLike: 'Sockets of one peer or port vanish together; their processes see ECONNABORTED.',
  why: 'An operator, a failover script or a CNI agent ran `ss -K`, or a BPF program called bpf_sock_destroy().',
  helps: [
    'Find who did it: shell histories and audit logs for `ss -K`, `bpftool prog list` for programs that call bpf_sock_destroy().',
    'Where `ss -K` is your own cure, look for what fills the host with such sockets: they come again.',
  ],
  doesNotHelp: [
    NOT_ON_OLD,
    '`ss -K` ends TIME_WAIT from Linux 6.1 only, and nothing without CONFIG_INET_DIAG_DESTROY.',
  ],
  howKnown:
    'CLOSE with errno ECONNABORTED, which tcp_abort sets before that transition. A close() under TCP_REPAIR sets it too, but in tcp_close itself: then `ended_by` is `unknown`.',
  knownBy: 'ECONNABORTED: tcp_abort, which `ss -K` and bpf_sock_destroy call',
  cites: 'tcp_abort (net/ipv4/tcp.c)',
  scenario: 'killed',
  side: 'operator',
  isHarmless: false,
  /** @see Linux tcp_abort (ss -K, bpf_sock_destroy); tcp_disconnect, `tp->repair` */
  question: ({ phase, err, isClosed }) => {
    if (err !== ERRNO.ECONNABORTED || phase === 'not_observed') return NO;
    if (phase === 'before_close') {
      return isClosed ? yes('aborted (ECONNABORTED, as ss -K does) before the close') : NO;
    }
    // tcp_abort sets the error before the transition. tcp_disconnect, which tcp_close calls for such a socket, sets it after.
    if (phase === 'in_close') {
      return undecided(
        'closed under TCP_REPAIR, as a checkpoint (CRIU) does: close() itself set ECONNABORTED and sent nothing, so the peer knows of no end',
        'local',
      );
    }
    return yes('ended with ECONNABORTED, which tcp_abort sets (ss -K, bpf_sock_destroy)');
  },
  fastDeath: ({ isByError, err }) => (isByError && err === ERRNO.ECONNABORTED ? 'operator' : null),
  advice: (path) => [
    'Find who ran ss -K, or the BPF program that calls bpf_sock_destroy().',
    ...lostOf(path),
    'Killing sockets does not end what makes them: look at what they had waited for.',
  ],
};
