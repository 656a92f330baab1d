import { ANSWERED_BOUND, ANSWERED_RETRIES, type CauseNote, PRICE } from './note.ts';

/** Ends that a timer of this host made, without a word from the peer. */
export const TIMED_OUT: readonly CauseNote[] = [
  {
    cause: 'retries',
    title: 'given up: the peer never acknowledged our data or FIN',
    meaning:
      'The retransmission timer fired for as long as tcp_orphan_retries allows, then the kernel destroyed the socket, without a reset; bytes that were not acknowledged are lost.',
    cites: 'tcp_write_timeout, tcp_orphan_retries, tcp_write_err (net/ipv4/tcp_timer.c)',
    helps: [
      'Find where the path to the peer ends: `ip route get PEER`, and tcpdump on both ends; a firewall or NAT that forgot the flow and a host that went away are the common reasons.',
      `Bound it per namespace with net.ipv4.tcp_orphan_retries: 0 means 8, which is about 104 s at an RTO of 204 ms; 1, 2 and 3 are about 1.4, 3.1 and 6.3 s. A longer RTO makes it longer. ${PRICE}`,
      'Bound one application with TCP_USER_TIMEOUT, set before close(): it replaces tcp_orphan_retries for the retransmissions of that socket.',
      'Where it exists (not in Linux 6.12, in 6.18), lower net.ipv4.tcp_rto_max_ms for sockets made from then on.',
    ],
    doesNotHelp: [
      'net.ipv4.tcp_retries2 does not help: it bounds sockets that a process still holds, not orphans. Only one that died while its close() waited for SO_LINGER was bounded by it.',
      'net.ipv4.tcp_fin_timeout does not help: it bounds FIN_WAIT2 only.',
      'net.ipv4.tcp_keepalive_time and its kin do not help: with data or a FIN queued the keepalive timer only starts again.',
      'Raising net.ipv4.tcp_max_orphans ends no orphan sooner.',
    ],
  },
  {
    cause: 'window_probes',
    title: 'given up: window shut, probed in vain',
    meaning:
      "The peer's window was shut when it last spoke, window probes went out until their limit, and the kernel destroyed the socket without a reset; what was queued is lost.",
    cites: 'tcp_probe_timer, tcp_write_err (net/ipv4/tcp_timer.c)',
    helps: [
      'Look at the application at the peer: it may not read. There, `ss -tnmp` shows a full Recv-Q and who holds the socket.',
      'Look for what drops packets as well: when the last probes stayed unanswered, the path or the peer may have gone. `ip route get PEER`, and tcpdump on both ends.',
      'Where the peer was silent, bound it with net.ipv4.tcp_orphan_retries, which counts unanswered window probes too, or TCP_USER_TIMEOUT for one application.',
      ANSWERED_BOUND,
      'A smaller SO_SNDBUF, or TCP_NOTSENT_LOWAT, bounds the memory that such an orphan holds, not its time.',
    ],
    doesNotHelp: [
      ANSWERED_RETRIES,
      'net.ipv4.tcp_retries2 does not help: it bounds the probes of sockets that a process still holds, not of orphans; below 10 it keeps orphans whose probes are answered for ever.',
      'net.ipv4.tcp_fin_timeout does not help: the FIN had not even been sent.',
      'Raising net.ipv4.tcp_wmem makes it worse: each such orphan then holds more memory.',
    ],
  },
  {
    cause: 'user_timeout',
    title: "given up: the application's TCP_USER_TIMEOUT was over",
    meaning:
      'The application had set TCP_USER_TIMEOUT, which bounds an orphan too: of retransmissions in place of tcp_orphan_retries, so that its life can be shorter or longer; of window probes beside it, so that it can only be shorter.',
    cites: 'retransmits_timed_out, tcp_write_timeout, tcp_probe_timer (net/ipv4/tcp_timer.c)',
    helps: [
      'Change TCP_USER_TIMEOUT in the application: an orphan lives for about its RTO more than that time.',
      'Find why the peer did not acknowledge within that time: `ss -tino dst PEER`, and tcpdump on both ends.',
    ],
    doesNotHelp: [
      'net.ipv4.tcp_orphan_retries has no effect on the retransmissions of a socket with TCP_USER_TIMEOUT; under a shut window a lower one ends it sooner, a higher one not later.',
      'net.ipv4.tcp_retries2 and net.ipv4.tcp_fin_timeout do not help: neither is asked here.',
    ],
  },
  {
    cause: 'fin_timeout',
    title: 'reset by the FIN_WAIT2 timer',
    meaning:
      'The peer acknowledged our FIN and never closed its half; when the FIN_WAIT2 timer fired, no time was left for a minisock, so the kernel reset the connection.',
    cites: 'tcp_keepalive_timer, tcp_fin_time (net/ipv4/tcp_timer.c)',
    helps: [
      'Look at the application at the peer: there the connection was in CLOSE_WAIT, and `ss -tanp state close-wait` names the process that does not close it.',
      'Nothing more is needed where tcp_fin_timeout was lowered: sockets that enter FIN_WAIT2 at 60 or less are handed to a minisock at once, and no such timer runs.',
    ],
    doesNotHelp: [
      'Lowering net.ipv4.tcp_fin_timeout does not help sockets that wait already: it makes their timer reset them instead of handing them over.',
      'net.ipv4.tcp_keepalive_time does not help: the FIN_WAIT2 timer uses the same slot, not the same setting.',
      'net.ipv4.tcp_orphan_retries does not help: in FIN_WAIT2 nothing is left to send again.',
    ],
  },
];
