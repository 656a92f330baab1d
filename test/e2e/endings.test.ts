import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { selectScenarios } from '../../src/lab/catalogue.ts';
import { type LedgerRecord, route, runFinwait, startTrace, stopAll, type Trace } from './finwait.ts';
import { type Lab, type LabSocket, startLab } from './lab.ts';
import { onRealKernel } from './requirements.ts';
import { undisturbed } from './undisturbed.ts';

type Expected = Partial<ClosePath> & { readonly route: string };

const LOCAL = 'ESTABLISHED>FIN_WAIT1>FIN_WAIT2>CLOSE';
const minisock = {
  closed_in: 'ESTABLISHED',
  how: 'close',
  ended_by: 'fin_wait2_timewait',
  side: 'peer',
  certain: true,
} as const;
const reset = { how: 'close', side: 'local', waiting_for: 'nothing', held_bytes: null, certain: true } as const;
const inClose = { closed_in: 'CLOSE', how: 'close', waiting_for: 'nothing', unread_bytes: null } as const;

/** What finwait must say of each way to die; named as in `finwait lab --list`. */
const ENDINGS: Readonly<Record<string, Expected>> = {
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
  local_drop: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'retries',
    side: 'local',
    waiting_for: 'ack',
    retransmits: 0,
  },
  window_silent: { route: 'ESTABLISHED>FIN_WAIT1>CLOSE', ended_by: 'window_probes', waiting_for: 'window', probes: 1 },
  window_opens: { route: LOCAL, ended_by: 'fin_wait2_timewait', waiting_for: 'window', lost_bytes: null },
  rto_max: { route: 'ESTABLISHED>FIN_WAIT1>CLOSE', ended_by: 'retries', waiting_for: 'ack', certain: true },
  last_ack_retries: {
    route: 'ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSE',
    ended_by: 'retries',
    waiting_for: 'last_ack',
    certain: true,
  },
  closing_retries: { route: 'ESTABLISHED>FIN_WAIT1>CLOSING>CLOSE', ended_by: 'retries', certain: true },
  unreachable: { route: 'ESTABLISHED>FIN_WAIT1>CLOSE', ended_by: 'retries', waiting_for: 'ack', certain: true },
  user_timeout_lengthens: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'user_timeout',
    waiting_for: 'ack',
    certain: true,
  },
  user_timeout_window: {
    route: 'ESTABLISHED>FIN_WAIT1>CLOSE',
    ended_by: 'user_timeout',
    waiting_for: 'window',
    certain: true,
  },
  // The timer that ended it is no reset and leaves no trace; at close() the error is all there is.
  keepalive_before_close: { route: 'ESTABLISHED>CLOSE', ...inClose, ended_by: 'unknown', certain: false },
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
    retransmits: 1,
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
  peer_reset: { route: 'ESTABLISHED>FIN_WAIT1>CLOSE', ended_by: 'peer_reset', side: 'peer', waiting_for: 'ack' },
  peer_reset_in_fin_wait2: { route: LOCAL, ended_by: 'peer_reset', side: 'peer', waiting_for: 'peer_fin' },
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
    closer: null,
    ended_by: 'peer_reset',
    lost_bytes: null,
  },
  // An RST is sent and ECONNRESET set, as if the peer had reset it; but a task did, without an error at that moment.
  disconnected: { route: 'ESTABLISHED>CLOSE', ...inClose, ended_by: 'unknown', side: 'local', certain: false },
  reconnected: { route: 'ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSE', ended_by: 'acked', certain: true },

  killed: { route: 'ESTABLISHED>FIN_WAIT1>CLOSE', how: 'close', ended_by: 'killed', side: 'operator' },
  killed_in_fin_wait2: { route: LOCAL, ended_by: 'killed', side: 'operator', waiting_for: 'peer_fin' },
  killed_before_close: { route: 'ESTABLISHED>CLOSE', ...inClose, ended_by: 'killed', side: 'operator' },
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

/** Looked at in tests of their own, or nothing that the contract speaks of. */
const OTHERS = ['reuseport_listeners', 'mptcp'];

const HOSTILE = 'a\n\u001b[2J]{"} A\u0007';

onRealKernel(
  'a socket that dies',
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'finwait-e2e-'));
    const recording = join(dir, 'dies.fwr');
    let lab: Lab;
    let trace: Trace;

    const here = (path: ClosePath): boolean => path.netns === lab.stageOf('active_close').netns;
    /** The rows of a socket. Where tcp_disconnect has wiped the peer's port it is 0. */
    const rowsOf = (socket: LabSocket): readonly ClosePath[] =>
      trace.paths(
        (path) =>
          path.netns === socket.netns &&
          path.lport === socket.lport &&
          (path.rport === socket.rport || path.rport === 0) &&
          (path.path[0]?.from === 'LISTEN') === (socket.rport === 0 && socket.scenario.includes('listener')),
      );
    const socketOf = (name: string): LabSocket => {
      const [socket] = lab.sockets(name);
      if (socket === undefined) throw new Error(`the lab made no socket die as ${name}`);
      return socket;
    };
    const rowOf = (name: string): ClosePath => {
      const found = rowsOf(socketOf(name));
      expect(found, name).toHaveLength(1);
      return found[0] as ClosePath;
    };

    const makeThemDie = async (): Promise<void> => {
      trace = await startTrace('-o', recording);
      lab = startLab('--hold', '--at-once', '4', ...Object.keys(ENDINGS), ...OTHERS);
      await lab.until('all is played', () => lab.of('lab_hold').length > 0, 180_000);
      expect(lab.of('lab_failed')).toEqual([]);
      // Skipped probes are read once a second: what was lost stands in the second record.
      let more = 2;
      const atRest = (row: LedgerRecord): boolean => row.drift === 0 && row.in_flight === 0 && --more <= 0;
      await trace.nextLedger('drift 0 at rest', atRest);
    };
    beforeAll(async () => {
      await undisturbed(
        'endings',
        async () => {
          await makeThemDie();
          expect(trace.ledger().lost_events).toBe(0);
        },
        () => trace,
        stopAll,
      );
    }, 600_000);
    afterAll(async () => {
      await stopAll();
      rmSync(dir, { recursive: true });
    });

    it.for(Object.keys(ENDINGS))('%s', (name, { skip }) => {
      const reason = lab.skipped(name);
      if (reason !== null) skip(reason);
      const { route: way, ...fields } = ENDINGS[name] as Expected;
      const row = rowOf(name);
      expect(route(row)).toBe(way);
      expect(row).toMatchObject({ gaps: [], ...fields });
      expect(row.because).not.toEqual([]);
    });

    it('every way that the lab knows is looked at', () => {
      const known = selectScenarios(['quick']).scenarios.map(({ name }) => name);
      expect([...Object.keys(ENDINGS), ...OTHERS].sort()).toEqual([...known].sort());
    });

    it.for(['listener', 'reuseport_listeners'])('%s: children never accepted are rows, closed by nobody', (name) => {
      const children = lab.sockets(name, 'child');
      expect(children.length).toBeGreaterThan(name === 'listener' ? 1 : 0);
      // tcp_disconnect has wiped the port of the peer: which row is whose cannot be known.
      const [first] = children;
      const rows = first === undefined ? [] : rowsOf(first);
      expect(rows).toHaveLength(children.length);
      for (const row of rows) {
        expect(row).toMatchObject({
          how: 'listener',
          closer: null,
          closed_at: null,
          closed_in: null,
          ended_by: 'listener_closed',
          raddr: first?.raddr,
          lost_bytes: null,
          held_bytes: null,
        });
      }
    });

    it('two listeners of one port are two rows', () => {
      const rows = rowsOf(socketOf('reuseport_listeners'));
      expect(rows.map(({ ended_by }) => ended_by)).toEqual(['listener_closed', 'listener_closed']);
    });

    it.for(['control_established', 'control_close_wait', 'control_shared'])('%s: no row before its close', (name) => {
      const [held] = lab.sockets(name, 'control');
      const closedAt = Date.parse(rowOf(name).closed_at ?? '') / 1000;
      expect(closedAt - (held?.at ?? Number.NaN)).toBeGreaterThan(1.9);
      expect(Math.abs(closedAt - socketOf(name).at)).toBeLessThan(0.2);
    });

    it('FIN_WAIT2 above 60 s is an orphan for what is above, and a minisock for as long again', () => {
      expect(rowOf('fin_timeout_30').orphan_us).toBeLessThan(500_000);
      expect((rowOf('fin_timeout_61').orphan_us ?? 0) / 1e6).toBeCloseTo(1, 0);
      expect((rowOf('linger2_62').orphan_us ?? 0) / 1e6).toBeCloseTo(2, 0);
    });

    it('an orphan begins when SO_LINGER ends, not at the close', () => {
      const waits = rowOf('linger_waits');
      expect(waits.dying_us).toBeGreaterThan(500_000);
      expect(waits.orphan_us).toBeLessThan(50_000);
      const timeout = rowOf('linger_timeout');
      expect((timeout.dying_us ?? 0) - (timeout.orphan_us ?? 0)).toBeCloseTo(1_000_000, -4);
      for (const name of ['linger_acked_half_open', 'linger_after_shutdown']) {
        expect(rowOf(name).orphan_us).toBeGreaterThan(1_400_000);
      }
    });

    it('the closer is the process whose last reference went, by the name it had then', () => {
      const at = (name: string): number => Date.parse(rowOf(name).closed_at ?? '') / 1000 - socketOf(name).at;
      expect(Math.abs(at('dup'))).toBeLessThan(0.1);
      expect(Math.abs(at('disconnected'))).toBeLessThan(0.1);
      expect(rowOf('in_flight').closer).toMatchObject({ pid: socketOf('in_flight').pid, exiting: false });
      expect(rowOf('sigkilled').closer).toMatchObject({ pid: socketOf('sigkilled').pid, exit_signal: 9 });
      expect(rowOf('exited').closer).toMatchObject({ exiting: true, exit_signal: 0, exit_status: 7 });
      expect(rowOf('close_on_exec').closer).toMatchObject({
        pid: socketOf('close_on_exec').pid,
        comm: 'sleep',
        exiting: false,
      });
    });

    it('the counters of the kernel count the same aborts', () => {
      const counters = lab.counters('active_close');
      const rows = (...ends: readonly (string | null)[]): number =>
        trace.paths((path) => here(path) && ends.includes(path.ended_by)).length;
      expect(rows('unread_data')).toBe(counters.get('TcpExtTCPAbortOnClose'));
      // The kernel counts a TCP_LINGER2 abort by where it happens: AbortOnLinger in close(), AbortOnData in softirq.
      expect(rows('linger_zero', 'data_after_close') + 1).toBe(counters.get('TcpExtTCPAbortOnData'));
      expect(rows('linger2') - 1).toBe(counters.get('TcpExtTCPAbortOnLinger'));
      const timeouts = rows('retries', 'window_probes', 'user_timeout') + 2; // and a connect(), and keepalive
      expect(timeouts).toBe(counters.get('TcpExtTCPAbortOnTimeout'));
    });

    it('a hostile comm comes through whole in JSON, and harmless in text', async () => {
      expect(rowOf('hostile_comm').closer?.comm).toBe(HOSTILE);
      expect(rowOf('binary_comm').closer?.comm).toBe('\\xff\\xfe<\\x9b');
      const { exitCode } = await trace.stop();
      expect(exitCode).toBe(0);
      const text = await runFinwait('trace', recording);
      const paths = trace.paths();
      expect(text.stdout.trimEnd().split('\n')).toHaveLength(1 + paths.length);
      expect(text.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      expect(text.stdout).toMatch(/ a.{1,8}\[2J\]\{"\} A/);
    });

    it('a replay prints, byte for byte, what the live run printed', async () => {
      const replay = await runFinwait('trace', '--json', recording);
      expect(replay.exitCode).toBe(0);
      expect(replay.stdout).toBe(trace.stdout());
    });
  },
  'python',
);
