import { ANSWERED_BOUND, ANSWERED_RETRIES, type CauseNote, PRICE } from './note.ts';

const NO_FIN_TIMEOUT =
  'net.ipv4.tcp_fin_timeout does not help: it bounds FIN_WAIT2 only, and here our FIN is not acknowledged yet.';
const NO_RETRIES2 = 'net.ipv4.tcp_retries2 does not help: it bounds sockets that a process still holds, not orphans.';
const NO_KEEPALIVE =
  'net.ipv4.tcp_keepalive_time and its kin do not help: with data or a FIN queued the keepalive timer only starts again.';
const NO_MAX_ORPHANS =
  'Raising net.ipv4.tcp_max_orphans ends no orphan: it only lets more of them be there before the kernel resets some.';
/** CLOSING has a name of its own in ss; a process holds FIN_WAIT1 sockets too. */
const KILL =
  '`ss -tK state fin-wait-1 state closing dst PEER`, in their network namespace, ends them, and with them what a process still holds to that peer after shutdown(SHUT_WR).';

/** What a socket that is still dying waits for. */
export const WAITING: readonly CauseNote[] = [
  {
    cause: 'ack',
    title: 'the peer has not acknowledged our data or FIN',
    meaning:
      'The socket is in FIN_WAIT1 or CLOSING: close() has queued a FIN behind the data, and the peer, or the network between, acknowledges neither.',
    cites: 'tcp_retransmit_timer, tcp_write_timeout, tcp_orphan_retries (net/ipv4/tcp_timer.c)',
    helps: [
      'Find where the path to the peer ends: `ss -tino state fin-wait-1` shows timer and retransmits, `ip route get PEER` and tcpdump on both ends show who drops; a firewall or NAT that forgot the flow and a host that went away are the common reasons.',
      `Bound all orphans of the namespace with net.ipv4.tcp_orphan_retries: 0 means 8, which is about 104 s at an RTO of 204 ms; 3 is about 6 s. ${PRICE}`,
      'Bound one application with TCP_USER_TIMEOUT, set before close(): it replaces tcp_orphan_retries for the retransmissions of that socket.',
      'Where it exists (not in Linux 6.12, in 6.18), lower net.ipv4.tcp_rto_max_ms for sockets made from then on.',
      `Now: ${KILL} It needs CONFIG_INET_DIAG_DESTROY, and on 5.15.215 it leaves orphans as they are.`,
    ],
    doesNotHelp: [NO_FIN_TIMEOUT, NO_RETRIES2, NO_KEEPALIVE, NO_MAX_ORPHANS],
  },
  {
    cause: 'window',
    title: "the peer's receive window is shut",
    meaning:
      'Data that the process wrote before its close cannot be sent, because the peer does not read what it has; the FIN waits behind that data.',
    cites: 'tcp_probe_timer (net/ipv4/tcp_timer.c)',
    helps: [
      'Look at the application at the peer: it does not read. There, `ss -tnmp` shows a full Recv-Q and who holds the socket.',
      `Where the peer is silent, bound all orphans of the namespace with net.ipv4.tcp_orphan_retries: it counts unanswered window probes too. At an RTO of 208 ms and the default of 0 such a one costs 106 s. ${PRICE}`,
      ANSWERED_BOUND,
      'Where its deadline is `never`, net.ipv4.tcp_retries2 keeps the interval of answered probes below its maximum: at 10 or more (an RTO under 200 ms needs more), and at no less than tcp_orphan_retries, it lets them end. It bounds connections that a process still holds, too.',
      'A smaller SO_SNDBUF, or TCP_NOTSENT_LOWAT, bounds the memory that such an orphan holds, not its time.',
      `Now: ${KILL} The data is lost.`,
    ],
    doesNotHelp: [
      NO_FIN_TIMEOUT,
      ANSWERED_RETRIES,
      'Lowering net.ipv4.tcp_retries2 does not help: it bounds no orphan, and below 10 it keeps those whose probes are answered for ever.',
      'Raising net.ipv4.tcp_wmem makes it worse: each such orphan then holds more memory.',
      NO_MAX_ORPHANS,
    ],
  },
  {
    cause: 'peer_fin',
    title: 'the peer has not closed its half',
    meaning:
      'The socket is in FIN_WAIT2: the peer acknowledged our FIN and sent none of its own. It stays an orphan only where the FIN_WAIT2 time is above 60 s, for what it is above; at 60 s or less a minisock takes over at once.',
    cites: '__tcp_close, tcp_fin_time, tcp_keepalive_timer (net/ipv4/tcp.c, tcp_timer.c)',
    helps: [
      "For those waiting now only the peer's close helps, or ss -K. For sockets that enter FIN_WAIT2 from now on, set net.ipv4.tcp_fin_timeout to 60 or less: a minisock takes them over at once. Those waiting keep their timer, and are then reset instead of handed over (fin_timeout).",
      'Look for TCP_LINGER2 above 60 s in the application: it replaces tcp_fin_timeout for that socket.',
      'Look at the application at the peer: there the connection is in CLOSE_WAIT, and `ss -tanp state close-wait` names the process that does not close it.',
      'Now: `ss -tK state fin-wait-2 dst PEER`, in their network namespace, ends them, and with them the minisocks of that peer and what a process holds after shutdown(SHUT_WR).',
    ],
    doesNotHelp: [
      'net.ipv4.tcp_orphan_retries does not help: in FIN_WAIT2 nothing is left to send again.',
      'net.ipv4.tcp_keepalive_time does not help: the FIN_WAIT2 timer uses the same slot, not the same setting.',
      'net.ipv4.tcp_tw_reuse does not help: it lets connect() take a port in TIME_WAIT, and leaves out FIN_WAIT2.',
    ],
  },
  {
    cause: 'last_ack',
    title: 'the peer has not acknowledged our FIN after its own',
    meaning:
      'The socket is in LAST_ACK: the peer closed first, then this host, and the acknowledgement of our last data and FIN does not come.',
    cites: 'tcp_retransmit_timer, tcp_write_timeout, tcp_orphan_retries (net/ipv4/tcp_timer.c)',
    helps: [
      'Find where the path to the peer ends: `ss -tino state last-ack` shows timer and retransmits; often the peer, or a NAT on the way, dropped the connection when it had sent its FIN.',
      'Close sooner after the peer did: what lay between its FIN and our close was CLOSE_WAIT, and the application alone decides how long that is.',
      `Bound it with net.ipv4.tcp_orphan_retries for the namespace, or TCP_USER_TIMEOUT for one application. ${PRICE}`,
    ],
    doesNotHelp: [NO_FIN_TIMEOUT, NO_RETRIES2, NO_KEEPALIVE],
  },
  {
    cause: 'linger',
    title: 'the process waits inside close() for SO_LINGER',
    meaning:
      'SO_LINGER with a time makes close() block until our data and FIN are acknowledged or the time is over; until then a process holds the socket, and it is no orphan.',
    cites: '__tcp_close, sk_stream_wait_close (net/ipv4/tcp.c, net/core/stream.c)',
    helps: [
      'Take SO_LINGER out of the application, or lower its time: without it close() returns at once and the kernel sends the rest all the same.',
      'An application that must know what arrived asks the peer for a reply: shutdown(SHUT_WR), read until 0, then close().',
    ],
    doesNotHelp: [
      'O_NONBLOCK does not help: close() does not look at it, and waits.',
      'net.ipv4.tcp_fin_timeout does not help: the wait is over when our FIN is acknowledged, before FIN_WAIT2 counts.',
      'SO_LINGER with 0 s is no faster close but a reset: it throws away what was not acknowledged.',
    ],
  },
];
