import { settingTime } from '../../text/duration.ts';
import type { Bounds, Subject } from '../evidence/subject.ts';
import { PRICE } from './notes.ts';
import { lostOf } from './peer.ts';

export const NOT_FIN_TIMEOUT = 'net.ipv4.tcp_fin_timeout would not help: it bounds FIN_WAIT2 only.';
export const NOT_RETRIES2 = 'net.ipv4.tcp_retries2 would not help: it does not bound orphans.';
/** For a kernel socket without timers. */
export const STOPPED = 'Its timers are stopped, so no sysctl ends it.';

/**
 * True if it died while its close() waited for SO_LINGER: tcp_orphan_retries bounds a socket only after that wait.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_write_timeout
 */
export const diedLingering = ({ waiting_for, orphan_us }: Subject): boolean =>
  waiting_for === 'linger' && (orphan_us ?? 0) === 0;

/** The bound of a socket that died while its close() waited. */
export const lingerBound = (where: string): readonly string[] => [
  `close() still waited for SO_LINGER, so net.ipv4.tcp_retries2${where} bounded it; that bounds all connections that are still held, so rather take SO_LINGER out of the application, or lower its time.`,
  NOT_FIN_TIMEOUT,
  'net.ipv4.tcp_orphan_retries would not help: the socket never was an orphan.',
];

/** The bound of retransmissions: one of the two settings alone. @see Linux net/ipv4/tcp_timer.c, tcp_write_timeout */
export const retransmitBound = (where: string, { userTimeoutMs }: Bounds): string =>
  userTimeoutMs === null || userTimeoutMs === 0
    ? eitherBound(where)
    : `Its TCP_USER_TIMEOUT of ${settingTime(userTimeoutMs)} bounds it, in place of net.ipv4.tcp_orphan_retries: change it in the application.`;

/**
 * The bound of unanswered window probes: the setting that expires first.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_probe_timer
 */
export const probeBound = (where: string, { userTimeoutMs }: Bounds): string =>
  userTimeoutMs === null || userTimeoutMs === 0
    ? eitherBound(where)
    : `Its TCP_USER_TIMEOUT of ${settingTime(userTimeoutMs)} bounds it, and net.ipv4.tcp_orphan_retries${where} beside it (0 means 8), whichever is over first. ${PRICE}`;

const eitherBound = (where: string): string =>
  `net.ipv4.tcp_orphan_retries${where} bounds it for the namespace (0 means 8), TCP_USER_TIMEOUT for the application's own sockets, set just before close(). ${PRICE}`;

/** Each ACK sets icsk_probes_out to 0, and leaves icsk_backoff. @see Linux net/ipv4/tcp_timer.c, tcp_probe_timer */
const answeredBound = (where: string, { userTimeoutMs }: Bounds): readonly string[] => [
  userTimeoutMs === null || userTimeoutMs === 0
    ? `What bounds sockets to come, answered or not: TCP_USER_TIMEOUT, set by the application just before close(), or a lower net.ipv4.tcp_rto_max_ms${where} where the kernel has it.`
    : `Its TCP_USER_TIMEOUT of ${settingTime(userTimeoutMs)} bounds it, answered or not: for sockets to come, lower it in the application.`,
  'Lowering net.ipv4.tcp_orphan_retries would not help while the peer answers window probes: each answer starts their count anew, and they end only when their interval has reached its maximum. At 1, under a small RTO, it ends slow readers too: a Linux peer does not answer a probe that comes within 500 ms of another.',
];

/** The bound of a socket whose window is shut. It depends on whether the peer answers the probes. */
export const shutWindowBound = (path: Subject, where: string, bounds: Bounds): readonly string[] => {
  if (bounds.deadline === 'never' && path.how === 'kernel') return [];
  return isAnswered(path) || bounds.deadline === 'never' ? answeredBound(where, bounds) : [probeBound(where, bounds)];
};

/** True if the peer has answered every window probe. Then the peer keeps its window shut, whatever else ICMP said. */
export const isAnswered = ({ side, probes }: Subject): boolean =>
  side === 'peer' || (side === 'network' && probes === 0);

/** For future sockets: it harms those that wait already. */
export const lowerFinTimeout = (where: string): string =>
  `For sockets that enter FIN_WAIT2 from now on, set net.ipv4.tcp_fin_timeout${where}, or the TCP_LINGER2 of the application, to 60 s or less: a minisock takes them over at once. Those waiting keep their timer, and are then reset instead of handed over.`;

/** For an end by a limit of the host. */
export const limited = (path: Subject, limit: string): readonly string[] => [
  `Find what the other orphans wait for, and end that: finwait explain --by cause. This one was at ${limit}.`,
  ...lostOf(path),
  'net.ipv4.tcp_abort_on_overflow, tcp_tw_reuse and tcp_max_tw_buckets would not help: none of them touches orphans.',
];
