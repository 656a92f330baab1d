import type { CauseNote } from './note.ts';

/** Ends by a reset, of the peer's or of this host's own. */
export const ABORTED: readonly CauseNote[] = [
  {
    cause: 'peer_reset',
    title: 'the peer reset the connection',
    meaning:
      "A reset arrived that fits the connection; what the peer had not acknowledged by then is lost. A host on the way can send it in the peer's name.",
    cites: 'tcp_reset (net/ipv4/tcp_input.c)',
    helps: [
      'Look at the peer at that time: its process ended, or closed with our data unread (there: `nstat -az TcpExtTCPAbortOnClose TcpExtTCPAbortOnData`), or its host forgot the connection.',
      "Compare the reset's TTL with that of the peer's data, to tell a middlebox's: `tcpdump -nvi any 'host PEER and tcp[tcpflags] & tcp-rst != 0'`, over IPv6 `tcpdump -nvi any 'host PEER and ip6 proto 6 and ip6[13+40] & 4 != 0'`.",
    ],
    doesNotHelp: [
      'net.ipv4.tcp_abort_on_overflow on this host does not help: it says what a full accept queue here answers.',
      'net.ipv4.tcp_orphan_retries and net.ipv4.tcp_fin_timeout have no part in it: no timer ended it.',
    ],
  },
  {
    cause: 'data_after_close',
    title: 'the peer sent data after our close',
    meaning:
      'Data arrived that nobody can read any more; this host answered with a reset (TCPAbortOnData), and the peer may lose what it had not read yet.',
    cites: 'tcp_rcv_state_process, tcp_reset (net/ipv4/tcp_input.c)',
    helps: [
      'Let this application say that it ends, then read to the end: shutdown(SHUT_WR), read until 0, close().',
      'Look at what the peer still sends: a protocol without a length or a goodbye invites this, as does a client that gives up in the middle of a download.',
    ],
    doesNotHelp: [
      'SO_LINGER with a time does not help: it waits until the peer has acknowledged our data, not until it sends no more.',
      'No sysctl changes it: net.ipv4.tcp_fin_timeout only shortens the time in which it can happen.',
    ],
  },
  {
    cause: 'linger2',
    title: 'TCP_LINGER2 below 0: reset instead of FIN_WAIT2',
    meaning:
      'The application set TCP_LINGER2 to a negative time: as soon as our FIN is acknowledged the connection is reset rather than kept in FIN_WAIT2 (TCPAbortOnLinger).',
    cites: '__tcp_close, tcp_rcv_state_process (net/ipv4/tcp.c, tcp_input.c)',
    helps: [
      "Nothing, if it is meant so. Otherwise set TCP_LINGER2 to 0, which is the namespace's tcp_fin_timeout, or to up to 120 s.",
    ],
    doesNotHelp: [
      'net.ipv4.tcp_fin_timeout does not help: a socket with TCP_LINGER2 does not ask for it.',
      'SO_LINGER does not help: it is another option, and does not take TCP_LINGER2 back.',
    ],
  },
  {
    cause: 'linger_zero',
    title: 'SO_LINGER with 0 s: close() reset it',
    meaning:
      'The application asked for a reset instead of a FIN: what was not acknowledged is thrown away and the peer sees ECONNRESET. It never becomes an orphan with a lifetime.',
    cites: '__tcp_close, tcp_disconnect (net/ipv4/tcp.c); counted as TCPAbortOnData',
    helps: [
      'Nothing, if it is meant so. Otherwise take SO_LINGER {1, 0} out of the application: a plain close() does not block.',
    ],
    doesNotHelp: [
      'No sysctl changes it; net.ipv4.tcp_fin_timeout and net.ipv4.tcp_orphan_retries bound a FIN that is never sent here.',
      'As a cure for TIME_WAIT it costs data: use it only where the peer has all it needs.',
    ],
  },
  {
    cause: 'unread_data',
    title: 'closed with data unread: close() reset it',
    meaning:
      'Data had arrived that the process did not read, so close() sent a reset instead of a FIN (TCPAbortOnClose); the peer can lose our last data as well.',
    cites: '__tcp_close (net/ipv4/tcp.c)',
    helps: [
      'Read before closing: shutdown(SHUT_WR), read until 0, then close().',
      'A server that refuses a request (413, a full queue) reads and drops some of the body before it closes, or the client never sees the answer.',
    ],
    doesNotHelp: [
      'SO_LINGER with a time does not help: unread data is looked at first, and the reset is sent all the same.',
      'No sysctl changes it; net.ipv4.tcp_abort_on_overflow is about the accept queue.',
    ],
  },
  {
    cause: 'killed',
    title: 'ended by an operator: ss -K or a BPF program',
    meaning: 'Somebody had the kernel abort it (tcp_abort, ECONNABORTED): `ss -K`, or bpf_sock_destroy().',
    cites: 'tcp_abort (net/ipv4/tcp.c)',
    helps: [
      'Find who did it: shell histories and audit logs for `ss -K`, `bpftool prog list` for programs that call bpf_sock_destroy().',
      'Where `ss -K` is your own cure, look for what fills the host with such sockets: they come again.',
    ],
    doesNotHelp: [
      '`ss -K` on Linux 5.15.215 does not end orphans: they stay, with their timers dead; fixed in 6.1.192 and 6.6.87.',
      '`ss -K` ends TIME_WAIT from Linux 6.1 only, and nothing without CONFIG_INET_DIAG_DESTROY.',
    ],
  },
];
