import type { CauseNote } from './note.ts';

/** Ends that are as TCP wants them, or that no peer was part of. */
export const ORDINARY: readonly CauseNote[] = [
  {
    cause: 'acked',
    title: 'the peer acknowledged our FIN in LAST_ACK',
    meaning: 'The peer closed first, our FIN was acknowledged, and the socket was destroyed: an ordinary end.',
    cites: 'tcp_rcv_state_process, tcp_done (net/ipv4/tcp_input.c)',
    helps: [
      'Nothing needs help when it was quick; when it took seconds, look for loss on the path: `ss -tino dst PEER` shows rto and retransmits of its other connections.',
    ],
    doesNotHelp: [
      'net.ipv4.tcp_fin_timeout does not shorten it: LAST_ACK is bounded by tcp_orphan_retries or TCP_USER_TIMEOUT.',
    ],
  },
  {
    cause: 'time_wait',
    title: 'both sides closed; TIME_WAIT took over',
    meaning:
      'The full socket is destroyed, and with it the orphan ends; a minisock of a few hundred bytes keeps the port pair for 60 s.',
    cites: 'tcp_fin, tcp_time_wait (net/ipv4/tcp_input.c, tcp_minisocks.c)',
    helps: [
      'Nothing needs help for the orphan count: TIME_WAIT is none. Where ports run out, keep connections open (pools, HTTP keep-alive) or widen net.ipv4.ip_local_port_range.',
      'TIME_WAIT stays with the side that closes first: let the client close first.',
    ],
    doesNotHelp: [
      'net.ipv4.tcp_fin_timeout does not shorten TIME_WAIT: that is 60 s, a constant (TCP_TIMEWAIT_LEN). The tw figure drops because FIN_WAIT2 minisocks are counted in it.',
      'net.ipv4.tcp_tw_reuse clears nothing: it lets a new connect() take a port that is over 1 s in TIME_WAIT, with timestamps; its default of 2 does so on loopback only.',
      'net.ipv4.tcp_tw_recycle does not exist any more, and net.ipv4.tcp_tw_timeout not in mainline.',
      'Lowering net.ipv4.tcp_max_tw_buckets makes sockets skip TIME_WAIT (TCPTimeWaitOverflow), and late segments of an old connection can then meet a new one.',
    ],
  },
  {
    cause: 'fin_wait2_timewait',
    title: 'handed to a FIN_WAIT2 minisock',
    meaning:
      'The peer acknowledged our FIN and has not closed its half; the kernel destroyed the full socket, and a minisock, which ss counts as timewait, waits for the FIN that is due.',
    cites: '__tcp_close, tcp_rcv_state_process, tcp_time_wait(sk, TCP_FIN_WAIT2, …)',
    helps: [
      'Nothing needs help for the orphan count when it was quick. When it took long, set net.ipv4.tcp_fin_timeout to 60 or less for sockets to come: above 60 the socket is an orphan for tcp_fin_timeout - 60 s before the handover.',
      'Look at the application at the peer: there the connection is in CLOSE_WAIT, and `ss -tanp state close-wait` names the process that does not close it.',
    ],
    doesNotHelp: [
      'Lowering net.ipv4.tcp_fin_timeout far below 60 takes no orphan away: at 60 s or less the handover is at once, and only the minisock gets shorter.',
      'net.ipv4.tcp_max_orphans has no part in it: minisocks do not count against it.',
    ],
  },
  {
    cause: 'never_connected',
    title: 'it never was a connection',
    meaning:
      'It was closed before a connection was there: unconnected, in SYN_SENT, or after connect() had failed; it is destroyed within close().',
    cites: '__tcp_close, tcp_close_state (net/ipv4/tcp.c)',
    helps: [
      'Where there are many, ask why connects fail: `nstat -az TcpAttemptFails TcpExtTCPTimeouts`, and the error that connect() gives the application.',
      "connect()'s own patience is net.ipv4.tcp_syn_retries, or TCP_SYNCNT for one socket.",
    ],
    doesNotHelp: [
      'net.ipv4.tcp_orphan_retries has no part in it: a socket in SYN_SENT does not outlive its close.',
      'net.ipv4.tcp_tw_reuse has no part in it unless connect() fails with EADDRNOTAVAIL.',
    ],
  },
  {
    cause: 'listener_closed',
    title: 'a listener was closed, with what it had not accepted',
    meaning:
      'The listener was closed; connections that were complete and not accepted yet are reset, and never belonged to a process.',
    cites: 'inet_csk_listen_stop, inet_child_forget (net/ipv4/inet_connection_sock.c)',
    helps: [
      'Take the host out of the load balancer first, accept what is queued (until EAGAIN), then close the listener.',
      'Pass the listener on to the new process (SCM_RIGHTS, systemd socket activation): a listener that stays open drops nobody.',
      'With SO_REUSEPORT listeners, net.ipv4.tcp_migrate_req=1 moves the queue to another listener of the group (Linux 5.14 or newer).',
    ],
    doesNotHelp: [
      'net.core.somaxconn does not help: a longer queue loses more connections when the listener goes.',
      'net.ipv4.tcp_abort_on_overflow does not help: it answers a full queue, not a closed listener.',
    ],
  },
];
