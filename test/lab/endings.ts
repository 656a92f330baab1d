import type { ClosePath } from '../../src/explain/close-path.ts';
import { route } from '../e2e/finwait.ts';
import type { LabSocket } from '../e2e/lab.ts';

/** Fields of a `close_path` record, and the states it goes through. */
export type Expected = Partial<ClosePath> & { readonly route: string };

const LOCAL = 'ESTABLISHED>FIN_WAIT1>FIN_WAIT2>CLOSE';
const minisock = {
  closed_in: 'ESTABLISHED',
  how: 'close',
  ended_by: 'fin_wait2_timewait',
  side: 'peer',
  certain: true,
} as const;
const reset = { how: 'close', side: 'local', waiting_for: 'nothing', certain: true } as const;
const inClose = { closed_in: 'CLOSE', how: 'close', waiting_for: 'nothing', unread_bytes: null } as const;
const byKeepalive = { ended_by: 'keepalive', side: 'unknown', lost_bytes: 0, certain: true } as const;

/** Nothing is missed, and nothing decides. */
const undecided = { ended_by: 'unknown', certain: false, gaps: ['cause_not_decided'] } satisfies Partial<ClosePath>;

/** finwait must say this of each way to die; named as in `finwait lab --list`. */
export const ENDINGS: Readonly<Record<string, Expected>> = {
  retries: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'retries',
    waiting_for: 'ack',
    unacked_bytes: 1000,
    unsent_bytes: 0,
    lost_bytes: 1000,
    retransmits: 3,
    certain: true,
  },
  user_timeout: { route: 'ESTABLISHED>FIN_WAIT1>CLOSE', ended_by: 'user_timeout', waiting_for: 'ack', lost_bytes: 0 },
  mtu_black_hole: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'retries',
    side: 'unknown',
    waiting_for: 'ack',
    unacked_bytes: 1400,
    lost_bytes: 1400,
    certain: true,
  },
  mtu_probing: { route: LOCAL, ...minisock, waiting_for: 'ack', unacked_bytes: 1400 },
  local_drop: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'retries',
    side: 'local',
    waiting_for: 'ack',
    retransmits: 0,
  },
  window_silent: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'window_probes',
    side: 'unknown',
    waiting_for: 'window',
    probes: 1,
  },
  window_opens: { route: LOCAL, ended_by: 'fin_wait2_timewait', waiting_for: 'window', lost_bytes: null },
  slow_reader: { route: LOCAL, ended_by: 'fin_wait2_timewait', waiting_for: 'delivering', lost_bytes: null },
  rto_max: { route: 'ESTABLISHED>FIN_WAIT1>CLOSE', ended_by: 'retries', waiting_for: 'ack', certain: true },
  last_ack_retries: {
    route: 'ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSE',
    ended_by: 'retries',
    waiting_for: 'last_ack',
    certain: true,
  },
  closing_retries: { route: 'ESTABLISHED>FIN_WAIT1>CLOSING>CLOSE', ended_by: 'retries', certain: true },
  unreachable: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'retries',
    side: 'network',
    waiting_for: 'ack',
    certain: true,
  },
  user_timeout_lengthens: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'user_timeout',
    waiting_for: 'ack',
    certain: true,
  },
  user_timeout_window: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'window_probes',
    side: 'unknown',
    waiting_for: 'window',
    certain: true,
  },
  user_timeout_before_probes: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'user_timeout',
    waiting_for: 'window',
    certain: true,
  },
  // The process has read the error before it closes: the transition alone has it.
  keepalive_before_close: { route: 'ESTABLISHED>CLOSE', ...inClose, ...byKeepalive },
  keepalive_in_fin_wait2: { route: LOCAL, ...inClose, ...byKeepalive, closed_first: 'local' },
  keepalive_in_close_wait: { route: 'ESTABLISHED>CLOSE_WAIT>CLOSE', ...inClose, ...byKeepalive, closed_first: 'peer' },
  fin_timeout_30: { route: LOCAL, ...minisock, waiting_for: 'ack' },
  fin_timeout_61: { route: LOCAL, ...minisock, waiting_for: 'peer_fin' },
  fin_timeout_lowered: {
    route: LOCAL,
    closed_in: 'ESTABLISHED',
    ended_by: 'fin_timeout',
    side: 'peer',
    waiting_for: 'peer_fin',
    certain: true,
  },
  linger2_62: { route: LOCAL, ...minisock, waiting_for: 'peer_fin' },
  closed_in_syn_recv: {
    route: 'SYN_RECV>FIN_WAIT1>CLOSE',
    closed_in: 'SYN_RECV',
    ended_by: 'retries',
    waiting_for: 'ack',
    certain: true,
  },

  active_close: {
    route: LOCAL,
    closed_in: 'ESTABLISHED',
    how: 'close',
    ended_by: 'time_wait',
    side: 'none',
    certain: true,
  },
  passive_close: {
    route: 'ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSE',
    closed_in: 'CLOSE_WAIT',
    ended_by: 'acked',
    unread_bytes: 0,
  },
  passive_close_eof_unread: {
    route: 'ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSE',
    closed_in: 'CLOSE_WAIT',
    ended_by: 'acked',
    unread_bytes: 0,
  },
  simultaneous_close: { route: 'ESTABLISHED>FIN_WAIT1>CLOSING>CLOSE', ended_by: 'time_wait', waiting_for: 'ack' },
  shutdown_then_close: {
    route: 'ESTABLISHED>FIN_WAIT1>FIN_WAIT2>FIN_WAIT2>CLOSE',
    closed_in: 'FIN_WAIT2',
    ended_by: 'fin_wait2_timewait',
  },
  shutdown_answered: { route: LOCAL, ...inClose, ended_by: 'time_wait', certain: true },
  shutdown_blocked_then_close: {
    route: 'ESTABLISHED>FIN_WAIT1>FIN_WAIT1>FIN_WAIT2>CLOSE',
    closed_in: 'FIN_WAIT1',
    ended_by: 'time_wait',
    unacked_bytes: 0,
  },
  shutdown_in_close_wait_then_close: {
    route: 'ESTABLISHED>CLOSE_WAIT>LAST_ACK>LAST_ACK>CLOSE',
    closed_in: 'LAST_ACK',
    how: 'close',
    ended_by: 'acked',
    side: 'none',
    waiting_for: 'last_ack',
    certain: true,
  },
  shutdown_on_both_sides_then_close: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSING>CLOSING>CLOSE',
    closed_in: 'CLOSING',
    how: 'close',
    ended_by: 'time_wait',
    side: 'none',
    waiting_for: 'ack',
    certain: true,
  },
  minisock_gets_data: { route: LOCAL, ...minisock },
  dup: { route: LOCAL, ...minisock },
  in_flight: { route: LOCAL, ...minisock },

  linger_zero: {
    route: 'ESTABLISHED>CLOSE',
    ...reset,
    closed_in: 'ESTABLISHED',
    ended_by: 'linger_zero',
    lost_bytes: 0,
  },
  linger_zero_unsent: {
    route: 'ESTABLISHED>CLOSE',
    ...reset,
    ended_by: 'linger_zero',
    unacked_bytes: 300,
    lost_bytes: 300,
  },
  linger_zero_after_shutdown: { route: LOCAL, ...reset, closed_in: 'FIN_WAIT2', ended_by: 'linger_zero' },
  unread_data: { route: 'ESTABLISHED>CLOSE', ...reset, ended_by: 'unread_data', unread_bytes: 77 },
  unread_data_and_fin: {
    route: 'ESTABLISHED>CLOSE_WAIT>CLOSE',
    ...reset,
    closed_in: 'CLOSE_WAIT',
    ended_by: 'unread_data',
    unread_bytes: 77,
  },
  unread_data_partly_read: { route: 'ESTABLISHED>CLOSE', ...reset, ended_by: 'unread_data', unread_bytes: 70 },

  linger_acked: { route: LOCAL, ended_by: 'fin_wait2_timewait', certain: true },
  linger_waits: { route: LOCAL, ended_by: 'fin_wait2_timewait', waiting_for: 'linger', certain: true },
  linger_acked_half_open: { route: LOCAL, ended_by: 'time_wait', waiting_for: 'peer_fin', certain: true },
  linger_after_shutdown: {
    route: 'ESTABLISHED>FIN_WAIT1>FIN_WAIT2>FIN_WAIT2>CLOSE',
    ended_by: 'time_wait',
    waiting_for: 'peer_fin',
    certain: true,
  },
  linger_timeout: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'retries',
    certain: false,
    gaps: ['linger_end_inferred'],
  },
  linger2_at_close: {
    route: 'ESTABLISHED>FIN_WAIT1>FIN_WAIT2>FIN_WAIT2>CLOSE',
    closed_in: 'FIN_WAIT2',
    ended_by: 'linger2',
    side: 'local',
  },
  linger2_later: { route: LOCAL, ended_by: 'linger2', side: 'local', waiting_for: 'ack' },

  data_after_close: { route: LOCAL, ended_by: 'data_after_close', waiting_for: 'peer_fin' },
  data_after_close_in_fin_wait1: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'data_after_close',
    waiting_for: 'ack',
  },
  data_with_ack_of_fin: {
    route: LOCAL,
    ended_by: 'data_after_close',
    side: 'peer',
    waiting_for: 'ack',
    certain: true,
  },
  peer_reset: { route: 'ESTABLISHED>FIN_WAIT1>CLOSE', ended_by: 'peer_reset', side: 'peer', waiting_for: 'ack' },
  peer_reset_in_fin_wait2: { route: LOCAL, ended_by: 'peer_reset', side: 'peer', waiting_for: 'peer_fin' },
  time_wait_overflow: {
    route: LOCAL,
    ended_by: 'time_wait_overflow',
    side: 'limit',
    waiting_for: 'ack',
    certain: true,
  },
  own_firewall: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    // Not certain where the CPU takes the reset up after close().
    ended_by: 'local_reset',
    side: 'local',
    waiting_for: 'ack',
  },
  peer_reset_before_close: { route: 'ESTABLISHED>CLOSE', ...inClose, ended_by: 'peer_reset', side: 'peer' },
  peer_reset_read_before_close: { route: 'ESTABLISHED>CLOSE', ...inClose, ended_by: 'peer_reset', side: 'peer' },
  peer_reset_in_close_wait: { route: 'ESTABLISHED>CLOSE_WAIT>CLOSE', ...inClose, ended_by: 'peer_reset' },

  never_connected: { route: 'CLOSE', ...inClose, ended_by: 'never_connected', side: 'none', rport: 0 },
  refused: { route: 'SYN_SENT>CLOSE', ...inClose, ended_by: 'never_connected', side: 'peer', lost_bytes: null },
  connect_timeout: {
    route: 'SYN_SENT>CLOSE',
    ...inClose,
    ended_by: 'never_connected',
    side: 'unknown',
    lost_bytes: null,
  },
  closed_while_connecting: {
    route: 'SYN_SENT>CLOSE',
    closed_in: 'SYN_SENT',
    ended_by: 'never_connected',
    side: 'local',
  },
  listener: { route: 'LISTEN>CLOSE', closed_in: 'LISTEN', how: 'close', ended_by: 'listener_closed' },
  listener_shutdown: { route: 'LISTEN>CLOSE', ...inClose, ended_by: 'listener_closed', side: 'local' },
  unaccepted_reset: {
    route: 'ESTABLISHED>CLOSE',
    how: 'listener',
    ended_by: 'peer_reset',
    lost_bytes: null,
  },
  // An RST is sent and ECONNRESET set, as if the peer had reset it; but a task did, without an error at that moment.
  disconnected: { route: 'ESTABLISHED>CLOSE', ...inClose, side: 'local', ...undecided },
  reconnected: { route: 'ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSE', ended_by: 'acked', certain: true },

  // The upper layer's close() ends in that of TCP.
  ktls: { route: LOCAL, closed_in: 'ESTABLISHED', how: 'close', ended_by: 'time_wait', side: 'none', certain: true },

  killed: { route: 'ESTABLISHED>FIN_WAIT1>CLOSE', how: 'close', ended_by: 'killed', side: 'operator' },
  killed_in_fin_wait2: { route: LOCAL, ended_by: 'killed', side: 'operator', waiting_for: 'peer_fin' },
  killed_before_close: { route: 'ESTABLISHED>CLOSE', ...inClose, ended_by: 'killed', side: 'operator' },
  repair: { route: 'ESTABLISHED>CLOSE', ...undecided, how: 'close', closed_in: 'ESTABLISHED', side: 'local' },
  sigkilled: { route: LOCAL, ...minisock, how: 'exit' },
  exited: { route: LOCAL, ...minisock, how: 'exit' },
  other_user: { route: LOCAL, ...minisock, uid: 65_534 },
  close_on_exec: { route: LOCAL, ...minisock },
  hostile_comm: { route: LOCAL, ...minisock },
  binary_comm: { route: LOCAL, ...minisock },

  control_established: { route: LOCAL, ...minisock },
  control_close_wait: { route: 'ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSE', ended_by: 'acked', certain: true },
  control_shared: { route: LOCAL, ...minisock, how: 'exit' },
};

const limited = {
  route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
  closed_in: 'ESTABLISHED',
  how: 'close',
  side: 'limit',
} as const;

/**
 * Their minisock resets the connection later, when the row of the socket says how that ended. From Linux 6.10 on an
 * abnormal end `by_minisock` says so.
 */
export const RESET_BY_MINISOCK: readonly string[] = ['minisock_gets_data'];

/**
 * Ends of a TCP socket below another, if the kernel has that. A subflow of MPTCP has no file: the kernel closes it, and
 * chance decides in which state.
 */
export const WRAPPED: Readonly<Record<string, Omit<Expected, 'route'>>> = {
  mptcp: { how: 'kernel', side: 'none', certain: true },
};

/** Ends of the ways that take a minute: each is played by a lab of its own, beside the others. */
export const SLOW_ENDINGS: Readonly<Record<string, Expected>> = {
  // tcp_disconnect wiped what it held, its addresses and ports: the transition had the tuple.
  mptcp_dead_peer: {
    ...{ route: 'ESTABLISHED>CLOSE', closed_in: 'ESTABLISHED', how: 'kernel', side: 'unknown', lost_bytes: null },
    ...undecided,
  },
};

/** Ends of the ways that need a sysctl of the whole host. */
export const HOST_ENDINGS: Readonly<Record<string, Expected>> = {
  orphan_limit_at_close: { ...limited, ended_by: 'orphan_limit' },
  orphan_limit_at_timer: { ...limited, ended_by: 'orphan_limit', waiting_for: 'ack' },
  out_of_memory: { ...limited, ended_by: 'out_of_memory', certain: true },
};

/**
 * The ending that a backend must tell of a way to die. A reset in close() frees what the socket held before a
 * tracepoint sees it: only a hook on __tcp_close knows how much that was.
 */
export const expectedOf = (name: string, backend: string): Partial<Expected> | undefined => {
  const ending = ENDINGS[name] ?? HOST_ENDINGS[name] ?? SLOW_ENDINGS[name] ?? WRAPPED[name];
  const isWiped = ending !== undefined && ['unread_data', 'linger_zero'].includes(ending.ended_by ?? '');
  return isWiped && backend === 'tracepoint' ? { ...ending, held_bytes: null } : ending;
};

/** Scenarios that have tests of their own, or that the contract does not speak of. */
export const OTHERS = ['reuseport_listeners', 'mptcp'];

/** The rows of a socket of the lab. If tcp_disconnect has wiped the peer's port, it is null. */
export const rowsOf = (paths: readonly ClosePath[], socket: LabSocket): readonly ClosePath[] =>
  paths.filter(
    (path) =>
      path.netns === socket.netns &&
      path.lport === socket.lport &&
      (path.rport === socket.rport || path.rport === null) &&
      (path.path[0]?.from === 'LISTEN') === (socket.rport === 0 && socket.scenario.includes('listener')),
  );

/**
 * The fault in the row of a child that its listener forgot; null where there is none. tcp_disconnect had cleared the peer's
 * port before the destroy, and the local address where the listener was bound to none.
 */
export const childFault = (paths: readonly ClosePath[], child: LabSocket): string | null => {
  const isIts = (path: ClosePath): boolean =>
    path.how === 'listener' &&
    (['netns', 'family', 'laddr', 'lport', 'raddr', 'rport'] as const).every((field) => path[field] === child[field]);
  const row = paths.find(isIts);
  if (row === undefined) return `no row has the whole tuple of the child of port ${child.rport}`;
  if (row.closer?.pid !== child.pid)
    return `the closer of the child of port ${child.rport} is ${row.closer?.pid ?? 'unknown'}, not ${child.pid}`;
  return row.closed_in !== null && row.closed_in === row.path.at(-1)?.from
    ? null
    : `closed_in of the child of port ${child.rport} is ${row.closed_in}, after ${route(row)}`;
};

/** An MPTCP socket whose process closed it waits this long for its peer, s. @see Linux net/mptcp/protocol.c, close_timeout */
const DEAD_PEER_S = 60;

/** The fault in the row of a subflow that the kernel reset after its 60 s; null where there is none. */
export const subflowFault = (path: ClosePath, socket: LabSocket): string | null => {
  const wrong = (['netns', 'family', 'laddr', 'lport', 'raddr', 'rport'] as const).filter(
    (field) => path[field] !== socket[field],
  );
  if (wrong.length > 0) return `the tuple was lost: ${wrong.map((field) => `${field} ${path[field]}`).join(', ')}`;
  const after = path.closed_at === null ? Number.NaN : Date.parse(path.closed_at) / 1000 - socket.at;
  return after > DEAD_PEER_S - 5 && after < DEAD_PEER_S + 20 ? null : `it died ${after.toFixed(1)} s after the close`;
};

/**
 * The end of a socket, as the table has it. A full sock may live for tcp_fin_timeout although a minisock should take
 * over: the ACK of its FIN comes just before close() releases the lock, once in thousands, and more often under
 * emulation. @see Linux net/ipv4/tcp_input.c, tcp_rcv_state_process ("Bad case")
 */
export const endedAs = (
  expected: Partial<Expected> | undefined,
  ended: ClosePath['ended_by'],
): ClosePath['ended_by'] =>
  expected?.ended_by === 'fin_wait2_timewait' && ended === 'fin_timeout' ? 'fin_wait2_timewait' : ended;

/** The time that a row was in `state` after its close, by its own times. */
const usIn = ({ path }: ClosePath, state: string): number =>
  path.reduce((sum, { from, at_us }, i) => {
    const since = Math.max(0, path[i - 1]?.at_us ?? 0);
    return from === state ? sum + Math.max(0, at_us - since) : sum;
  }, 0);

/**
 * The longest wait of a socket, as the table has it. For a socket that dies in microseconds the table's wait holds only
 * if nothing stands still. A virtual CPU that is taken away for 20 ms in FIN_WAIT2 makes it the other state, and so
 * does the full sock of the "Bad case" above. Then the row's own times have to show it.
 */
export const waitedAs = (expected: Partial<Expected> | undefined, row: ClosePath): ClosePath['waiting_for'] => {
  const wanted = expected?.waiting_for;
  const [other, here, there] =
    wanted === 'ack' ? ['peer_fin', 'FIN_WAIT1', 'FIN_WAIT2'] : ['ack', 'FIN_WAIT2', 'FIN_WAIT1'];
  if ((wanted !== 'ack' && wanted !== 'peer_fin') || row.waiting_for !== other) return row.waiting_for;
  return usIn(row, there) > usIn(row, here) ? wanted : row.waiting_for;
};

/** A reset that a busy CPU takes up only after close() is not certain to be this host's own. */
const gapsAs = (expected: Partial<Expected>, { gaps, path }: ClosePath): ClosePath['gaps'] =>
  expected.ended_by === 'local_reset' && path.at(-1)?.by === 'softirq'
    ? gaps.filter((gap) => gap !== 'cause_inferred')
    : gaps;

/** The differences of a row from its expected fields, a line for each; empty when there is none. */
export const differences = (expected: Partial<Expected>, row: ClosePath): readonly string[] => {
  const seen: Readonly<Record<string, unknown>> = {
    ...row,
    route: route(row),
    ended_by: endedAs(expected, row.ended_by),
    waiting_for: waitedAs(expected, row),
    gaps: gapsAs(expected, row),
  };
  return Object.entries({ gaps: [], ...expected })
    .filter(([field, value]) => JSON.stringify(seen[field]) !== JSON.stringify(value))
    .map(([field, value]) => `${field} is ${JSON.stringify(seen[field])}, not ${JSON.stringify(value)}`);
};

/** Gaps of a path that lost events of its own: the rest of it proves nothing. */
const LOSSES: readonly string[] = [
  'events_lost',
  'transition_missed',
  'destroy_missed',
  'close_not_observed',
  'event_late',
];

export const isSpoiled = ({ gaps }: ClosePath): boolean => gaps.some((gap) => LOSSES.includes(gap));
