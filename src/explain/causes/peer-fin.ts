import { TCP } from '../../kernel/tcp-state.ts';
import { lowerFinTimeout } from '../sentences/bounds.ts';
import { LOOK_FOR_CLOSE_WAIT, NO_KEEPALIVE_IN_FIN_WAIT2, NO_ORPHAN_RETRIES_IN_FIN_WAIT2 } from '../sentences/notes.ts';
import { kill, notClosing } from '../sentences/peer.ts';
import type { WaitingCause } from './cause.ts';

export const peerFin: WaitingCause<'peer_fin'> = {
  name: 'peer_fin',
  title: 'the peer has not closed its half',
  meaning:
    'The socket is in FIN_WAIT2: the peer acknowledged our FIN and sent none of its own. It stays an orphan only where the FIN_WAIT2 time is above 60 s, for what it is above; at 60 s or less a minisock takes over at once, if 3.5 RTOs are no longer than that; if they are, the keepalive timer waits first.',
  looksLike:
    '`ss -tnop state fin-wait-2` lists it without a process and with `timer:(timewait,…)` only once it is a minisock. `finwait explain` groups it under `peer_fin`.',
  why: 'The peer has our FIN and keeps its half open: it is still working, or its application forgot the socket (CLOSE_WAIT there). Up to tcp_fin_timeout (or TCP_LINGER2) of 60 s the kernel hands it to a minisock at once and no orphan is left; above 60 s the full socket stays for what is above.',
  helps: [
    'Sockets already waiting end only when the peer closes, or when you run `ss -K`. For sockets that enter FIN_WAIT2 from now on, set net.ipv4.tcp_fin_timeout to 60 or less: a minisock takes them over at once, unless 3.5 RTOs are longer than 60 s. Sockets already waiting keep their timer, and are then reset instead of handed over (fin_timeout).',
    'Look for TCP_LINGER2 above 60 s in the application: it replaces tcp_fin_timeout for that socket.',
    LOOK_FOR_CLOSE_WAIT,
    'Now: `ss -tK state fin-wait-2 dst PEER`, in their network namespace, ends them, and with them the minisocks of that peer and what a process holds after shutdown(SHUT_WR). Not on Linux 5.15: there they become immortal.',
  ],
  doesNotHelp: [
    NO_ORPHAN_RETRIES_IN_FIN_WAIT2,
    NO_KEEPALIVE_IN_FIN_WAIT2,
    'net.ipv4.tcp_tw_reuse does not help: it lets connect() take a port in TIME_WAIT, and leaves out FIN_WAIT2.',
  ],
  howKnown: "The state is FIN_WAIT2 and the full sk lives on. Its deadline is that of the keepalive timer's slot.",
  knownBy: 'FIN_WAIT2',
  cites: '__tcp_close, tcp_fin_time, tcp_keepalive_timer (net/ipv4/tcp.c, tcp_timer.c)',
  scenario: 'fin_timeout_61',
  captureNote:
    'It waited for `peer_fin` for the one second that `tcp_fin_timeout` 61 is above 60; then a minisock took over.',
  side: 'peer',
  isHarmless: false,
  cell: 'not come yet',
  help: 'our FIN is acknowledged; the peer has not sent its own',
  question: ({ state }) => state === TCP.FIN_WAIT2,
  listed: ({ state }) => (state === TCP.FIN_WAIT2 ? 'peer' : null),
  evidence: () => ({ because: 'in FIN_WAIT2: our FIN is acknowledged, and the peer has not sent its own' }),
  advice: (path, where) => [
    notClosing(path),
    ...kill(path, where),
    lowerFinTimeout(where),
    'net.ipv4.tcp_orphan_retries would not help: in FIN_WAIT2 nothing is left to send again.',
  ],
};
