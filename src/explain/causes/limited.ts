import { type CauseNote, PRICE } from './note.ts';

const FIND = 'Find what the orphans wait for and end that: `finwait explain --by cause`, then `--by peer`.';

/** Ends that a limit of this host made. */
export const LIMITED: readonly CauseNote[] = [
  {
    cause: 'orphan_limit',
    title: 'reset: more orphans than tcp_max_orphans',
    meaning:
      'The host had too many orphans, so this one was reset, at its close or by a timer; the kernel log says `TCP: too many orphaned sockets`.',
    cites: 'tcp_check_oom, tcp_too_many_orphans, tcp_out_of_resources (net/ipv4/tcp.c, tcp_timer.c)',
    helps: [
      FIND,
      'Raise net.ipv4.tcp_max_orphans: it is one limit for all namespaces, and each orphan holds up to its send buffer. At a close the full limit counts; a timer counts an orphan that is idle or unreachable two- or fourfold, so kills can start at 25 to 50% of it.',
      `End orphans sooner with net.ipv4.tcp_orphan_retries, if they wait for acknowledgements. ${PRICE}`,
    ],
    doesNotHelp: [
      'net.ipv4.tcp_abort_on_overflow frees nothing: it answers handshakes that end in a full accept queue.',
      'net.ipv4.tcp_tw_reuse and net.ipv4.tcp_max_tw_buckets do not help: TIME_WAIT minisocks are no orphans.',
      'Closing CLOSE_WAIT sockets takes no orphan away: a process owns them; closed, they become orphans in LAST_ACK.',
    ],
  },
  {
    cause: 'out_of_memory',
    title: 'reset: TCP memory above tcp_mem',
    meaning:
      'The socket had more than the least of a send buffer queued while the TCP memory of the host was above the third value of tcp_mem; the kernel log says `TCP: out of memory -- consider tuning tcp_mem`.',
    cites: 'tcp_check_oom, tcp_out_of_memory (net/ipv4/tcp.c)',
    helps: [
      'Compare `mem` of /proc/net/sockstat with net.ipv4.tcp_mem, both in pages, and look for the sockets that hold it: `ss -tmn`.',
      'Lower the third values of net.ipv4.tcp_wmem and net.ipv4.tcp_rmem, or the number of connections; raise net.ipv4.tcp_mem only where the host has the memory.',
      FIND,
    ],
    doesNotHelp: [
      'Raising net.ipv4.tcp_max_orphans does not help: it is another limit.',
      'net.core.wmem_max and net.core.rmem_max do not help: they bound what SO_SNDBUF and SO_RCVBUF may ask for, not TCP autotuning.',
    ],
  },
  {
    cause: 'resources',
    title: 'destroyed silently for want of resources',
    meaning:
      'A timer found the host over tcp_max_orphans or tcp_mem and destroyed the socket; it sent no reset, because the last segment was over 60 s old.',
    cites: 'tcp_out_of_resources (net/ipv4/tcp_timer.c)',
    helps: [
      FIND,
      'Ask the counter and the log which limit it was: `nstat -az TcpExtTCPAbortOnMemory`, `dmesg | grep TCP:`.',
      'Raise net.ipv4.tcp_max_orphans or net.ipv4.tcp_mem, by what the log says: an idle orphan is counted two- or fourfold, so this starts at 25 to 50% of the orphan limit.',
    ],
    doesNotHelp: [
      'net.ipv4.tcp_fin_timeout does not help: at 60 s or less no FIN_WAIT2 orphan is left for it to end.',
      'net.ipv4.tcp_retries2 does not help: it does not bound orphans.',
    ],
  },
];
