import { lifeByRetries } from '../kernel/retries.ts';

/** Sentences that the pages of several causes share, word for word. */

/** The cost of a low tcp_orphan_retries, stated wherever it is advised. */
export const PRICE = 'Too low, it cuts off slow or lossy clients that still receive the last response.';

/** The cost of TCP_USER_TIMEOUT, stated wherever it is advised. @see tcp(7) */
const USER_TIMEOUT_PRICE =
  'Set it just before close(): it bounds live connections too, slow readers and connect() among them.';
/** Reading to the end has no end of its own. */
export const READ_IN_TIME = 'Give that reading a time limit: a peer that does not close would hold it for ever.';

/** The bound of an orphan whose peer answers window probes. @see Linux net/ipv4/tcp_timer.c, tcp_probe_timer */
export const ANSWERED_BOUND =
  'Where the peer answers the probes (333 s at an RTO of 208 ms), bound sockets to come with TCP_USER_TIMEOUT, or with a lower net.ipv4.tcp_rto_max_ms where it exists (not in Linux 6.12, in 6.18). The application sets TCP_USER_TIMEOUT just before close(): it bounds live connections too, slow readers and connect() among them.';
export const ANSWERED_RETRIES =
  'Lowering net.ipv4.tcp_orphan_retries does not help while the peer answers the probes: each answer starts their count anew, and they end only when their interval has reached its maximum. At 1 it does harm: a Linux peer leaves a probe unanswered that comes within 500 ms of another (net.ipv4.tcp_invalid_ratelimit), so under a small RTO it ends them within seconds, slow readers too.';
export const SMALLER_SNDBUF =
  'A smaller SO_SNDBUF, or TCP_NOTSENT_LOWAT, bounds the memory that such an orphan holds, not its time.';
export const NO_WMEM = 'Raising net.ipv4.tcp_wmem makes it worse: each such orphan then holds more memory.';

export const USER_TIMEOUT_BOUND = `Bound one application with TCP_USER_TIMEOUT: it replaces tcp_orphan_retries for the retransmissions of that socket. ${USER_TIMEOUT_PRICE}`;
export const RTO_MAX_BOUND =
  'Where it exists (not in Linux 6.12, in 6.18), lower net.ipv4.tcp_rto_max_ms: connections made from then on have it, accepted ones once their listener is made anew. It ends live connections sooner too.';

/** The life of orphans under a value of tcp_orphan_retries, by the model: `3.2 to 6.6 s`. */
const lifeText = (sysctl: number): string => {
  const { leastMs, mostMs } = lifeByRetries(sysctl);
  return `${inSeconds(leastMs)} to ${inSeconds(mostMs)} s`;
};

const inSeconds = (ms: number): string => (ms < 10_000 ? (ms / 1000).toFixed(1) : String(Math.round(ms / 1000)));

/** A router drops what is too large and its ICMP message does not come back. @see RFC 4821; Linux tcp_mtu_probing */
export const MTU_BLACK_HOLE =
  'Where small segments pass and full-size ones never do, the path has a smaller MTU and hides it: `tracepath -n PEER` or `ping -M do -s 1472 PEER` shows that. net.ipv4.tcp_mtu_probing=1 has the kernel try smaller segments after some timeouts, in all connections of the namespace; a smaller MTU on the route (`ip route change … mtu 1400`) avoids the wait.';

/** The segment before carries the FIN, and is not sent for it. @see Linux net/ipv4/tcp_output.c, tcp_send_fin */
export const MERGED_FIN =
  'Under memory pressure (`nstat -az TcpExtTCPMemoryPressures` grows) the kernel marks a segment that it has sent already as the last, and sends nothing at the close: the FIN leaves with the first retransmission, one RTO later, over a path that loses nothing. Then raise the second figure of net.ipv4.tcp_mem, or find who holds the memory.';

/** Each end drops what the other signs otherwise, without a word. @see Linux net/ipv4/tcp.c, tcp_inbound_hash */
export const CHANGED_KEY =
  'Where the connection is signed (TCP_MD5SIG, TCP-AO), a key that was changed or removed at one end has both drop every segment: at the peer `nstat -az TcpExtTCPMD5Failure TcpExtTCPMD5NotFound TcpExtTCPAOBad TcpExtTCPAOKeyNotFound` grows. Keep the old key until its last socket is gone.';

/** @see Linux net/core/skbuff.c, msg_zerocopy_alloc; net/ipv4/tcp.c, tcp_sendmsg_locked with MSG_SPLICE_PAGES */
export const PINNED_PAGES =
  'An orphan keeps the pages of a file or of a program that sendfile(), splice() or MSG_ZEROCOPY gave it, until they are acknowledged. They are counted in `held`. A file that is written meanwhile changes what is sent.';

/** Lives under the values of tcp_orphan_retries that people pick. The limit is a time, so life depends on the RTO. */
export const RETRIES_LIVES = `0 means 8, which is ${lifeText(0)} by the RTO of the connection; 1 is ${lifeText(1)}, 2 is ${lifeText(2)}, 3 is ${lifeText(3)}`;
export const RETRIES_0_AND_3 = `0 means 8, which is ${lifeText(0)} by the RTO of the connection; 3 is ${lifeText(3)}`;

export const NO_FIN_TIMEOUT =
  'net.ipv4.tcp_fin_timeout does not help: it bounds FIN_WAIT2 only, and here our FIN is not acknowledged yet.';
export const NO_RETRIES2 =
  'net.ipv4.tcp_retries2 does not help: it bounds sockets that a process still holds, not orphans.';
export const NO_KEEPALIVE =
  'net.ipv4.tcp_keepalive_time and its kin do not help: with data or a FIN queued the keepalive timer only starts again.';
export const NO_MAX_ORPHANS =
  'Raising net.ipv4.tcp_max_orphans ends no orphan: it only lets more of them be there before the kernel resets some.';

/** CLOSING has its own name in ss. Processes also hold sockets in FIN_WAIT1. */
export const KILL =
  '`ss -tK state fin-wait-1 state closing dst PEER`, in their network namespace, ends them, and with them what a process still holds to that peer after shutdown(SHUT_WR). Not on Linux 5.15: there they become immortal.';

/** For a peer that has not closed its half. */
export const LOOK_FOR_CLOSE_WAIT =
  'Look at the application at the peer: there the connection is in CLOSE_WAIT, and `ss -tanp state close-wait` names the process that does not close it.';
export const NO_ORPHAN_RETRIES_IN_FIN_WAIT2 =
  'net.ipv4.tcp_orphan_retries does not help: in FIN_WAIT2 nothing is left to send again.';
export const NO_KEEPALIVE_IN_FIN_WAIT2 =
  'net.ipv4.tcp_keepalive_time does not help: the FIN_WAIT2 timer uses the same slot, not the same setting.';

/** For an end by a limit of the host. */
export const FIND_WHAT_ORPHANS_WAIT_FOR =
  'Find what the orphans wait for and end that: `finwait explain --by cause`, then `--by peer`.';

/** For causes that share a row of the table in docs/close-path.md. */
export const TIMEOUT_KNOWN_BY =
  'ETIMEDOUT (or an error that says unreachable: `side` is `network` where every retransmission left this host, `local` where they did not, else `unknown`) without any reset: after retransmission timeouts, after window probes, under TCP_USER_TIMEOUT. For window probes both limits are asked: `user_timeout` where the time may have passed and the unanswered probes were fewer than tcp_orphan_retries, `window_probes` where it cannot have passed, and not certain where either may have been first';

export const LIMIT_KNOWN_BY =
  "a reset of ours without an error (TCP_ABORT_ON_MEMORY where the kernel gives reasons), and at that moment more orphans than tcp_max_orphans, or more pages than tcp_mem's third figure. A timer's reset counts the orphans fourfold, as the kernel may. Both or neither over its limit: `unknown`, `side` `limit`. For a death before `--min-age` the probe itself saw if memory can have been the reason. Not certain where the limits were last read more than 1.5 s before";

export const RESET_AT_CLOSE_KNOWN_BY = 'tcp_close itself moved it to CLOSE: SO_LINGER with 0 s; bytes unread';

/** For a socket that was to be handed over while the table was full. @see Linux inet_twsk_alloc */
export const LAST_PLACE =
  'it was to be handed to a minisock while its namespace had as many as net.ipv4.tcp_max_tw_buckets allows: it took the last place, or none was made (TCPTimeWaitOverflow)';

/** For every piece of advice that names `ss -K`. @see Linux tcp_abort: 5.15 returns early for an orphan, its queue purged */
export const NOT_ON_OLD =
  '`ss -K` does not end orphans on Linux 5.15: it stops their timers, and they stay for ever. Linux 6.1.176, 6.6.87 and later do it right.';
