import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { selectScenarios } from '../../src/lab/catalogue.ts';
import {
  differences,
  ENDINGS,
  type Expected,
  expectedOf,
  OTHERS,
  rowsOf as rowsAmong,
  SLOW_ENDINGS,
  subflowFault,
} from '../lab/endings.ts';
import { type LedgerRecord, route, runFinwait, startTrace, stopAll, type Trace } from './finwait.ts';
import { type Lab, type LabSocket, startLab } from './lab.ts';
import { onRealKernel } from './requirements.ts';
import { lacksAnEvent, undisturbed } from './undisturbed.ts';

const HOSTILE = 'a\n\u001b[2J]{"} A\u0007';

onRealKernel(
  'a socket that dies',
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'finwait-e2e-'));
    const recording = join(dir, 'dies.fwr');
    let lab: Lab;
    /** They take a minute and have labs of their own, one for each family. */
    let slow: readonly Lab[] = [];
    let trace: Trace;

    const here = (path: ClosePath): boolean => path.netns === lab.stageOf('active_close').netns;
    const rowsOf = (socket: LabSocket): readonly ClosePath[] => rowsAmong(trace.paths(), socket);
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
      slow = ['-4', '-6'].map((family) => startLab('--hold', family, ...Object.keys(SLOW_ENDINGS)));
      lab = startLab('--hold', '--at-once', '4', ...Object.keys(ENDINGS), ...OTHERS);
      for (const one of [lab, ...slow]) {
        await one.until('all is played', () => one.of('lab_hold').length > 0, 180_000);
        expect(one.of('lab_failed')).toEqual([]);
      }
      // Skipped probes are read once a second: the losses stand in the second record.
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
          const played = Object.keys(ENDINGS).filter((name) => lab.skipped(name) === null);
          expect(played.filter((name) => rowsOf(socketOf(name)).some(lacksAnEvent))).toEqual([]);
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
      const row = rowOf(name);
      expect(differences(expectedOf(name, trace.meta().backend) as Expected, row)).toEqual([]);
      expect(row.because).not.toEqual([]);
    });

    it.for(Object.keys(SLOW_ENDINGS))('%s, over IPv4 and IPv6', (name, { skip }) => {
      for (const one of slow) {
        const reason = one.skipped(name);
        if (reason !== null) skip(reason);
        const [socket] = one.sockets(name);
        const rows = rowsAmong(trace.paths(), socket as LabSocket);
        expect(rows).toHaveLength(1);
        expect(differences(SLOW_ENDINGS[name] as Expected, rows[0] as ClosePath)).toEqual([]);
        expect(subflowFault(rows[0] as ClosePath, socket as LabSocket)).toBeNull();
      }
    });

    it('every way that the lab knows is looked at', () => {
      const known = selectScenarios(['quick']).scenarios.map(({ name }) => name);
      expect([...Object.keys(ENDINGS), ...OTHERS].sort()).toEqual([...known].sort());
    });

    it.for(['listener', 'reuseport_listeners'])(
      "%s: children never accepted are rows, closed by their listener's closer",
      (name) => {
        const children = lab.sockets(name, 'child');
        expect(children.length).toBeGreaterThan(name === 'listener' ? 1 : 0);
        for (const [i, child] of children.entries()) {
          // tcp_disconnect has wiped the peer's port, and of a listener that was bound to no address the local one.
          const { laddr, lport, raddr, rport, netns } = child;
          const rows = trace.paths((path) => path.netns === netns && path.lport === lport && path.rport === rport);
          expect(rows).toHaveLength(1);
          const isHalfClosed = name === 'listener' && i === 1;
          expect(rows[0]).toMatchObject({
            laddr,
            lport,
            raddr,
            rport,
            how: 'listener',
            closer: { pid: child.pid, comm: name.slice(0, 15) },
            closed_at: null,
            closed_in: isHalfClosed ? 'CLOSE_WAIT' : 'ESTABLISHED',
            ended_by: 'listener_closed',
            lost_bytes: null,
            held_bytes: null,
            certain: true,
          });
          expect(route(rows[0] as ClosePath)).toBe(isHalfClosed ? 'ESTABLISHED>CLOSE_WAIT>CLOSE' : 'ESTABLISHED>CLOSE');
        }
      },
    );

    it.for(['unaccepted_reset', 'refused', 'connect_timeout', 'disconnected'])(
      '%s: what tcp_disconnect wiped is known from before',
      (name) => {
        const { laddr, lport, raddr, rport } = socketOf(name);
        expect(rowOf(name)).toMatchObject({ laddr, lport, raddr, rport });
      },
    );

    it('what had to be sent again after the close is counted', () => {
      expect(rowOf('shutdown_blocked_then_close').retransmits).toBeGreaterThan(0);
    });

    it('two listeners of one port are two rows', () => {
      const rows = rowsOf(socketOf('reuseport_listeners'));
      expect(rows.map(({ ended_by }) => ended_by)).toEqual(['listener_closed', 'listener_closed']);
    });

    it.for(['control_established', 'control_close_wait', 'control_shared'])('%s: no row before its close', (name) => {
      const [held] = lab.sockets(name, 'control');
      const closedAt = Date.parse(rowOf(name).closed_at ?? '') / 1000;
      expect(closedAt - (held?.at ?? Number.NaN)).toBeGreaterThan(1.9);
      expect(Math.abs(closedAt - socketOf(name).at)).toBeLessThan(0.5);
    });

    it('FIN_WAIT2 above 60 s is an orphan for what is above, and a minisock for as long again', () => {
      expect(rowOf('fin_timeout_30').orphan_us).toBeLessThan(500_000);
      expect((rowOf('fin_timeout_61').orphan_us ?? 0) / 1e6).toBeCloseTo(1, 0);
      expect((rowOf('linger2_62').orphan_us ?? 0) / 1e6).toBeCloseTo(2, 0);
    });

    it('an orphan begins when SO_LINGER ends, not at the close', () => {
      const waits = rowOf('linger_waits');
      expect(waits.dying_us).toBeGreaterThan(500_000);
      expect(waits.orphan_us).toBeLessThan(250_000);
      const timeout = rowOf('linger_timeout');
      expect((timeout.dying_us ?? 0) - (timeout.orphan_us ?? 0)).toBeCloseTo(1_000_000, -4);
      for (const name of ['linger_acked_half_open', 'linger_after_shutdown']) {
        expect(rowOf(name).orphan_us).toBeGreaterThan(1_400_000);
      }
    });

    it('the closer is the process whose last reference went, by the name it had then', () => {
      const at = (name: string): number => Date.parse(rowOf(name).closed_at ?? '') / 1000 - socketOf(name).at;
      expect(Math.abs(at('dup'))).toBeLessThan(0.2);
      expect(Math.abs(at('disconnected'))).toBeLessThan(0.2);
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
      // A TCP_LINGER2 abort in softirq, linger2_later, counts as AbortOnData: it plays in other namespaces.
      expect(rows('linger_zero', 'data_after_close')).toBe(counters.get('TcpExtTCPAbortOnData'));
      expect(rows('linger2')).toBe(counters.get('TcpExtTCPAbortOnLinger'));
      const timeouts = rows('retries', 'window_probes', 'user_timeout', 'keepalive') + 1; // and a connect()
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
