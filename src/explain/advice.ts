import { endpoint } from '../kernel/address.ts';
import { size } from '../text/words.ts';
import { causeOf } from './cause-of.ts';
import { PRICE } from './causes/note.ts';
import type { Cause, ClosePath, Dying } from './close-path.ts';
import { seconds } from './deadline/fin-wait2.ts';

type Row = ClosePath | Dying;

/** What bounds a socket that its path does not tell. */
export type Bounds = {
  /** TCP_USER_TIMEOUT; 0 none, null not known. */
  readonly userTimeoutMs: number | null;
  /** Of one that still is dying. */
  readonly deadline: Dying['deadline'];
};

const UNKNOWN_BOUNDS: Bounds = { userTimeoutMs: null, deadline: 'unknown' };

/** Below this, in µs of dying, an ordinary end needs no word. */
const QUICK_US = 1_000_000;

/** Ends as TCP wants them: worth a word only when they took long. */
const ORDINARY: ReadonlySet<Cause> = new Set(['acked', 'time_wait', 'fin_wait2_timewait']);

/**
 * What to do about a dying or finished socket, with its own figures, and which sysctl would not help where people
 * commonly reach for it.
 *
 * @param ownNetns - the namespace in which finwait runs; the commands and settings for a socket of another one, or
 * where it is not known, name the socket's: its tuple may be another socket's in this one
 * @param bounds - a setting that does not bound this very socket is not advised
 * @returns sentences; none for an ordinary end in under a second, a socket that never was a connection, a closed
 * listener, or a cause nobody knows
 * @see causes.ts, which says the same of the cause in general
 */
export const adviceFor = (
  path: Row,
  ownNetns: number | null = null,
  bounds: Bounds = UNKNOWN_BOUNDS,
): readonly string[] => {
  const cause = causeOf(path);
  if (ORDINARY.has(cause) && (path.dying_us ?? 0) < QUICK_US) return [];
  return ADVICE[cause](path, path.netns === ownNetns ? '' : ` (in netns ${path.netns})`, bounds);
};

/** Of a socket, and ` (in netns N)` where its namespace is not known to be ours. */
type Adviser = (path: Row, where: string, bounds: Bounds) => readonly string[];

const NOT_FIN_TIMEOUT = 'net.ipv4.tcp_fin_timeout would not help: it bounds FIN_WAIT2 only.';
const NOT_RETRIES2 = 'net.ipv4.tcp_retries2 would not help: it does not bound orphans.';
const STOPPED = 'Its timers are stopped, so no sysctl ends it.';

/** tcp_orphan_retries bounds a socket from the end of SO_LINGER's wait on. @see Linux net/ipv4/tcp_timer.c, tcp_write_timeout */
const diedInClose = ({ waiting_for, orphan_us }: Row): boolean => waiting_for === 'linger' && (orphan_us ?? 0) === 0;

/** What bounded one that died while its close() waited. */
const lingerBound = (where: string): readonly string[] => [
  `close() still waited for SO_LINGER, so net.ipv4.tcp_retries2${where} bounded it; that bounds all connections that are still held, so rather take SO_LINGER out of the application, or lower its time.`,
  NOT_FIN_TIMEOUT,
  'net.ipv4.tcp_orphan_retries would not help: the socket never was an orphan.',
];

/** What bounds retransmissions: one of the two alone. @see Linux net/ipv4/tcp_timer.c, tcp_write_timeout */
const retransmitBound = (where: string, { userTimeoutMs }: Bounds): string =>
  userTimeoutMs === null || userTimeoutMs === 0
    ? eitherBound(where)
    : `Its TCP_USER_TIMEOUT of ${seconds(userTimeoutMs)} bounds it, in place of net.ipv4.tcp_orphan_retries: change it in the application.`;

/** What bounds window probes that nobody answers: whichever is over first. @see Linux net/ipv4/tcp_timer.c, tcp_probe_timer */
const probeBound = (where: string, { userTimeoutMs }: Bounds): string =>
  userTimeoutMs === null || userTimeoutMs === 0
    ? eitherBound(where)
    : `Its TCP_USER_TIMEOUT of ${seconds(userTimeoutMs)} bounds it, and net.ipv4.tcp_orphan_retries${where} beside it (0 means 8), whichever is over first. ${PRICE}`;

const eitherBound = (where: string): string =>
  `net.ipv4.tcp_orphan_retries${where} bounds it for the namespace (0 means 8), TCP_USER_TIMEOUT for the application's own sockets. ${PRICE}`;

/** Each ACK sets icsk_probes_out to 0, and leaves icsk_backoff. @see Linux net/ipv4/tcp_timer.c, tcp_probe_timer */
const answeredBound = (where: string, { userTimeoutMs }: Bounds): readonly string[] => [
  userTimeoutMs === null || userTimeoutMs === 0
    ? `What bounds sockets to come, answered or not: TCP_USER_TIMEOUT, set by the application before close(), or a lower net.ipv4.tcp_rto_max_ms${where} where the kernel has it.`
    : `Its TCP_USER_TIMEOUT of ${seconds(userTimeoutMs)} bounds it, answered or not: for sockets to come, lower it in the application.`,
  'Lowering net.ipv4.tcp_orphan_retries would not help while the peer answers window probes: each answer starts their count anew, and they end only when their interval has reached its maximum.',
];

/** tcp_send_probe0 lets the backoff grow no further than tcp_retries2. */
const letThemEnd = (where: string): string =>
  `While they are answered its window probes never end: net.ipv4.tcp_retries2${where} stops their interval short of its maximum. At 10 or more (an RTO under 200 ms needs more), and at no less than tcp_orphan_retries, it lets them end; it bounds connections that are still held, too.`;

const bytes = (count: number): string => `${count} B`;

const peerOf = (path: Row): string => endpoint(path.family, path.raddr, path.rport);

/** ` after 7 retransmits`, where there were any. */
const afterRetransmits = ({ retransmits }: Row): string =>
  retransmits === 0 ? '' : ` after ${retransmits} retransmit${retransmits === 1 ? '' : 's'}`;

const dataOf = ({ unacked_bytes }: Row): string =>
  unacked_bytes === null || unacked_bytes === 0 ? 'our FIN' : `our FIN and ${bytes(unacked_bytes)} of data before it`;

const lostOf = ({ lost_bytes }: Row): readonly string[] =>
  lost_bytes === null || lost_bytes === 0
    ? []
    : [`${bytes(lost_bytes)} were never acknowledged: whatever the peer has of them, this application was not told.`];

const lookForPath = (path: Row, where: string): string =>
  `Look for what drops packets between this host and ${peerOf(path)}: ss -tino dst ${path.raddr}, ip route get ${path.raddr}${where}, tcpdump on both ends.`;

const PID = 'with the PID of a process that lives there (lsns -t net)';

/** The command alone, pasted, must not end a socket of this namespace that has the same tuple. */
const kill = (path: Row, where: string): readonly string[] => {
  if (path.ended_by !== null) return [];
  const command = `ss -tK dst ${path.raddr} dport = :${path.rport} sport = :${path.lport}`;
  return [
    where === ''
      ? `To end it now: ${command}.`
      : `To end it now${where}: nsenter --net=/proc/PID/ns/net ${command}, ${PID}.`,
  ];
};

const unacknowledged: Adviser = (path, where, bounds) => [
  `${peerOf(path)} has not acknowledged ${dataOf(path)}${afterRetransmits(path)}.`,
  lookForPath(path, where),
  bounds.deadline === 'never' ? STOPPED : retransmitBound(where, bounds),
  ...kill(path, where),
  NOT_FIN_TIMEOUT,
  ...(bounds.deadline === 'never' ? [] : [NOT_RETRIES2]),
];

const windowShut: Adviser = (path, where, bounds) => [
  notReading(path),
  ...(bounds.deadline === 'never' ? [path.how === 'kernel' ? STOPPED : letThemEnd(where)] : []),
  ...whatBoundsProbes(path, where, bounds),
  ...kill(path, where),
  NOT_FIN_TIMEOUT,
  ...(isAnswered(path) || bounds.deadline === 'never' ? [] : [NOT_RETRIES2]),
];

/** The peer that keeps its window shut has left no window probe without an answer, whatever ICMP said besides. */
const isAnswered = ({ side, probes }: Row): boolean => side === 'peer' || (side === 'network' && probes === 0);

const whatBoundsProbes = (path: Row, where: string, bounds: Bounds): readonly string[] => {
  if (bounds.deadline === 'never' && path.how === 'kernel') return [];
  return isAnswered(path) || bounds.deadline === 'never' ? answeredBound(where, bounds) : [probeBound(where, bounds)];
};

const notReading = (path: Row): string => {
  const held = path.held_bytes === null ? '' : `, and holds ${size(path.held_bytes)} of memory here`;
  return `The application at ${peerOf(path)} does not read${held}: ss -tnmp there names it.`;
};

/** Where the last probes stayed unanswered: then the peer may have gone as well. */
const shutWindow = (path: Row): string => {
  const held = path.held_bytes === null ? '' : ` It held ${size(path.held_bytes)} of memory here.`;
  return `The window of ${peerOf(path)} was shut when it last spoke: if it is there, its application does not read, and ss -tnmp there names it.${held}`;
};

/** Of an end that came late, and as it should. */
const tookLong = (path: Row): string =>
  path.waiting_for === 'window'
    ? `The application at ${peerOf(path)} took long to read: its window was shut.`
    : `It took ${peerOf(path)} long to acknowledge ${dataOf(path)}${afterRetransmits(path)}.`;

const notClosing = (path: Row): string =>
  `The application at ${peerOf(path)} does not close: there the connection is in CLOSE_WAIT, and ss -tanp state close-wait names it.`;

/** Of sockets to come: it does harm to those that wait already. */
const lowerFinTimeout = (where: string): string =>
  `For sockets that enter FIN_WAIT2 from now on, set net.ipv4.tcp_fin_timeout${where}, or the TCP_LINGER2 of the application, to 60 s or less: a minisock takes them over at once. Those waiting keep their timer, and are then reset instead of handed over.`;

const whatWasSlow = (path: Row, where: string): readonly string[] => {
  if (path.waiting_for === 'peer_fin') return [lowerFinTimeout(where)];
  return path.waiting_for === 'window' ? [tookLong(path)] : [lookForPath(path, where)];
};

const limited = (path: Row, limit: string): readonly string[] => [
  `Find what the other orphans wait for, and end that: finwait explain --by cause. This one was at ${limit}.`,
  ...lostOf(path),
  'net.ipv4.tcp_abort_on_overflow, tcp_tw_reuse and tcp_max_tw_buckets would not help: none of them touches orphans.',
];

const none = (): readonly string[] => [];

const ADVICE: Readonly<Record<Cause, Adviser>> = {
  ack: unacknowledged,
  last_ack: unacknowledged,
  window: windowShut,
  peer_fin: (path, where) => [
    notClosing(path),
    ...kill(path, where),
    lowerFinTimeout(where),
    'net.ipv4.tcp_orphan_retries would not help: in FIN_WAIT2 nothing is left to send again.',
  ],
  linger: () => [
    'The process waits in close() for SO_LINGER: take the option out, or lower its time.',
    'O_NONBLOCK would not help: close() does not look at it.',
  ],
  acked: (path, where) => [
    tookLong(path),
    ...(path.waiting_for === 'window' ? [] : [lookForPath(path, where)]),
    NOT_FIN_TIMEOUT,
  ],
  time_wait: (path) => [
    path.waiting_for === 'peer_fin'
      ? `The application at ${peerOf(path)} took long to close: there the connection was in CLOSE_WAIT until it did.`
      : tookLong(path),
    'net.ipv4.tcp_fin_timeout would not shorten TIME_WAIT, which is 60 s and no orphan.',
  ],
  fin_wait2_timewait: (path, where) => [
    notClosing(path),
    ...whatWasSlow(path, where),
    'net.ipv4.tcp_max_orphans has no part in it: the minisock that goes on is no orphan.',
  ],
  peer_reset: (path) => [
    ...lostOf(path),
    `Look at the application at ${peerOf(path)} at that time: it ended, or closed with data unread.`,
    'net.ipv4.tcp_orphan_retries would not help: no timer ended it.',
  ],
  data_after_close: (path) => [
    `${peerOf(path)} still sent: let this application call shutdown(SHUT_WR) and read until 0 before close().`,
    ...lostOf(path),
    "SO_LINGER would not help: it waits for acknowledgements of our data, not for the end of the peer's.",
  ],
  retries: (path, where, bounds) => [
    `${peerOf(path)} never acknowledged ${dataOf(path)}${afterRetransmits(path)}.`,
    ...lostOf(path),
    lookForPath(path, where),
    ...(diedInClose(path)
      ? lingerBound(where)
      : [
          (path.probes ?? 0) > 0 ? probeBound(where, bounds) : retransmitBound(where, bounds),
          NOT_FIN_TIMEOUT,
          NOT_RETRIES2,
        ]),
  ],
  window_probes: (path, where, bounds) => [
    path.side === 'peer' ? notReading(path) : shutWindow(path),
    ...(path.side === 'peer' ? [] : [lookForPath(path, where)]),
    ...lostOf(path),
    ...(diedInClose(path)
      ? lingerBound(where)
      : [...whatBoundsProbes(path, where, bounds), NOT_FIN_TIMEOUT, ...(isAnswered(path) ? [] : [NOT_RETRIES2])]),
  ],
  user_timeout: (path, where) => [
    `The application's TCP_USER_TIMEOUT ended it${afterRetransmits(path)}: change it there.`,
    ...lostOf(path),
    lookForPath(path, where),
    path.waiting_for === 'window'
      ? 'Raising net.ipv4.tcp_orphan_retries would not help: of window probes both are asked, and this was over first.'
      : 'net.ipv4.tcp_orphan_retries would not help: of retransmissions TCP_USER_TIMEOUT replaces it.',
  ],
  fin_timeout: (path, where) => [
    notClosing(path),
    `Lowering net.ipv4.tcp_fin_timeout${where} would not help sockets that wait already: it is what makes their timer reset them. Those that enter FIN_WAIT2 later, at 60 s or less, go to a minisock at once.`,
    'net.ipv4.tcp_keepalive_time would not help.',
  ],
  linger2: () => [
    'If that is not meant, set TCP_LINGER2 to 0 or more in the application.',
    'net.ipv4.tcp_fin_timeout would not help: a socket with TCP_LINGER2 does not ask for it.',
  ],
  linger_zero: (path) => [
    'If that is not meant, take SO_LINGER {1, 0} out of the application: a plain close() does not block.',
    ...lostOf(path),
    'No sysctl changes it.',
  ],
  unread_data: (path) => [
    `Let the application read ${path.unread_bytes === null ? 'what is there' : `the ${bytes(path.unread_bytes)} that were there`} before close(): shutdown(SHUT_WR), read until 0.`,
    'No sysctl changes it, and SO_LINGER with a time would not either: unread data is looked at first.',
  ],
  orphan_limit: (path) => limited(path, 'net.ipv4.tcp_max_orphans, which is one limit for all namespaces'),
  out_of_memory: (path) => limited(path, 'the third value of net.ipv4.tcp_mem; raising tcp_max_orphans would not help'),
  resources: (path, where) =>
    limited(path, `tcp_max_orphans or tcp_mem: nstat -az TcpExtTCPAbortOnMemory${where}, dmesg`),
  killed: (path) => [
    'Find who ran ss -K, or the BPF program that calls bpf_sock_destroy().',
    ...lostOf(path),
    'Killing sockets does not end what makes them: look at what they had waited for.',
  ],
  listener_closed: none,
  never_connected: none,
  unknown: none,
};
