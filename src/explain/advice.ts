import { endpoint } from '../kernel/address.ts';
import { causeOf } from './cause-of.ts';
import type { Cause, ClosePath, Dying } from './close-path.ts';
import { size } from './report/words.ts';

type Row = ClosePath | Dying;

/** Below this, in µs of dying, an ordinary end needs no word. */
const QUICK_US = 1_000_000;

/** Ends as TCP wants them: worth a word only when they took long. */
const ORDINARY: ReadonlySet<Cause> = new Set(['acked', 'time_wait', 'fin_wait2_timewait']);

/**
 * What to do about a dying or finished socket, with its own figures, and which sysctl would not help where people
 * commonly reach for it.
 *
 * @returns sentences; none for an ordinary end in under a second, a socket that never was a connection, a closed
 * listener, or a cause nobody knows
 * @see causes.ts, which says the same of the cause in general
 */
export const adviceFor = (path: Row): readonly string[] => {
  const cause = causeOf(path);
  if (ORDINARY.has(cause) && (path.dying_us ?? 0) < QUICK_US) return [];
  return ADVICE[cause](path);
};

const NOT_FIN_TIMEOUT = 'net.ipv4.tcp_fin_timeout would not help: it bounds FIN_WAIT2 only.';
const NOT_RETRIES2 = 'net.ipv4.tcp_retries2 would not help: it does not bound orphans.';
const BOUND =
  "net.ipv4.tcp_orphan_retries bounds it for the namespace (0 means 8), TCP_USER_TIMEOUT for the application's own sockets.";

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

const lookForPath = (path: Row): string =>
  `Look for what drops packets between this host and ${peerOf(path)}: ss -tino dst ${path.raddr}, ip route get ${path.raddr}, tcpdump on both ends.`;

const kill = (path: Row): readonly string[] =>
  path.ended_by === null
    ? [`To end it now: ss -tK dst ${path.raddr} dport = :${path.rport} sport = :${path.lport}.`]
    : [];

const unacknowledged = (path: Row): readonly string[] => [
  `${peerOf(path)} has not acknowledged ${dataOf(path)}${afterRetransmits(path)}.`,
  lookForPath(path),
  BOUND,
  ...kill(path),
  NOT_FIN_TIMEOUT,
  NOT_RETRIES2,
];

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

const LOWER_FIN_TIMEOUT =
  'Set net.ipv4.tcp_fin_timeout (or the TCP_LINGER2 of the application) to 60 s or less: then a minisock takes over at once.';

const whatWasSlow = (path: Row): readonly string[] => {
  if (path.waiting_for === 'peer_fin') return [LOWER_FIN_TIMEOUT];
  return path.waiting_for === 'window' ? [tookLong(path)] : [lookForPath(path)];
};

const limited = (path: Row, limit: string): readonly string[] => [
  `Find what the other orphans wait for, and end that: finwait explain --by cause. This one was at ${limit}.`,
  ...lostOf(path),
  'net.ipv4.tcp_abort_on_overflow, tcp_tw_reuse and tcp_max_tw_buckets would not help: none of them touches orphans.',
];

const none = (): readonly string[] => [];

const ADVICE: Readonly<Record<Cause, (path: Row) => readonly string[]>> = {
  ack: unacknowledged,
  last_ack: unacknowledged,
  window: (path) => [notReading(path), BOUND, ...kill(path), NOT_FIN_TIMEOUT, NOT_RETRIES2],
  peer_fin: (path) => [
    notClosing(path),
    LOWER_FIN_TIMEOUT,
    ...kill(path),
    'net.ipv4.tcp_orphan_retries would not help: in FIN_WAIT2 nothing is left to send again.',
  ],
  linger: () => [
    'The process waits in close() for SO_LINGER: take the option out, or lower its time.',
    'O_NONBLOCK would not help: close() does not look at it.',
  ],
  acked: (path) => [tookLong(path), ...(path.waiting_for === 'window' ? [] : [lookForPath(path)]), NOT_FIN_TIMEOUT],
  time_wait: (path) => [
    path.waiting_for === 'peer_fin'
      ? `The application at ${peerOf(path)} took long to close: there the connection was in CLOSE_WAIT until it did.`
      : tookLong(path),
    'net.ipv4.tcp_fin_timeout would not shorten TIME_WAIT, which is 60 s and no orphan.',
  ],
  fin_wait2_timewait: (path) => [
    notClosing(path),
    ...whatWasSlow(path),
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
  retries: (path) => [
    `${peerOf(path)} never acknowledged ${dataOf(path)}${afterRetransmits(path)}.`,
    ...lostOf(path),
    lookForPath(path),
    BOUND,
    NOT_FIN_TIMEOUT,
    NOT_RETRIES2,
  ],
  window_probes: (path) => [
    path.side === 'peer' ? notReading(path) : shutWindow(path),
    ...(path.side === 'peer' ? [] : [lookForPath(path)]),
    ...lostOf(path),
    BOUND,
    NOT_FIN_TIMEOUT,
    NOT_RETRIES2,
  ],
  user_timeout: (path) => [
    `The application's TCP_USER_TIMEOUT ended it${afterRetransmits(path)}: change it there.`,
    ...lostOf(path),
    lookForPath(path),
    path.waiting_for === 'window'
      ? 'Raising net.ipv4.tcp_orphan_retries would not help: of window probes both are asked, and this was over first.'
      : 'net.ipv4.tcp_orphan_retries would not help: of retransmissions TCP_USER_TIMEOUT replaces it.',
  ],
  fin_timeout: (path) => [notClosing(path), LOWER_FIN_TIMEOUT, 'net.ipv4.tcp_keepalive_time would not help.'],
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
  resources: (path) => limited(path, 'tcp_max_orphans or tcp_mem: nstat -az TcpExtTCPAbortOnMemory, dmesg'),
  killed: (path) => [
    'Find who ran ss -K, or the BPF program that calls bpf_sock_destroy().',
    ...lostOf(path),
    'Killing sockets does not end what makes them: look at what they had waited for.',
  ],
  listener_closed: none,
  never_connected: none,
  unknown: none,
};
