import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { route, startTrace, stopAll, type Trace } from './finwait.ts';
import { type Host, kernelOrphans, makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { undisturbed } from './undisturbed.ts';
import { startWorker, type Worker } from './worker.ts';

const FINS = 'tcp flags & fin == fin';
type Family = 'v4' | 'v6';

onRealKernel('the four classic experiments', () => {
  let trace: Trace;
  let net: Network;
  let near: Host;
  let far: Host;
  const workers: Worker[] = [];

  beforeAll(async () => {
    net = await makeNetwork();
    ({ near, far } = net);
    trace = await startTrace();
  });
  afterAll(async () => {
    await stopAll();
    await net?.remove();
  });
  const calm = async (): Promise<void> => {
    for (const worker of workers.splice(0)) await worker.kill();
    await net.calm();
  };
  afterEach(calm);
  /** An experiment that is made again beside a new finwait when the kernel's skipped probes have spoiled it. */
  const experiment = (title: string, attempt: () => Promise<void>): Promise<void> =>
    undisturbed(
      title,
      attempt,
      () => trace,
      async () => {
        await calm();
        await trace.stop();
        trace = await startTrace();
      },
    );

  const start = (...args: Parameters<typeof startWorker>): Worker => {
    const worker = startWorker(...args);
    workers.push(worker);
    return worker;
  };
  /** The near ends of the connections to a port: each test has its own. */
  const to = (port: number) => (path: ClosePath) => path.netns === near.inode && path.rport === port;

  /** `count` connections from near to far. */
  const dial = async (count: number, family: Family, mode: 'hold' | 'answer') => {
    const peer = start(far, 'peer.mjs', far[family], mode);
    const { port } = await peer.hear('listening');
    const dialer = start(near, 'dial.mjs', far[family], Number(port), count);
    await dialer.hear('connected');
    return { peer, dialer, port: Number(port) };
  };
  /** The machine's other orphans, to which this test adds its own. */
  const ground = async (): Promise<number> =>
    (await trace.nextLedger('drift 0', (row) => row.drift === 0 && row.in_flight === 0)).orphans ?? Number.NaN;
  const agreesOn = (orphans: number) =>
    trace.nextLedger(`${orphans} orphans and drift 0`, (row) => row.orphans === orphans && row.drift === 0);

  const retransmitted = async (): Promise<number> => (await near.counters()).get('TcpRetransSegs') ?? Number.NaN;

  it.each([
    ['IPv4', 'v4'],
    ['IPv6', 'v6'],
  ] as const)(
    '10 connections of a process that exits while the peer drops our FINs are 10 orphans in FIN_WAIT1: %s',
    (title, family) =>
      experiment(title, async () => {
        // Above 60 s no minisock takes over when our FIN's ACK comes before the peer's FIN: one way to end is left.
        await near.sysctl('net.ipv4.tcp_fin_timeout', 120);
        const { dialer, port } = await dial(10, family, 'answer');
        await far.drop(FINS);
        const retransmittedBefore = await retransmitted();
        const before = await ground();
        const kernelBefore = kernelOrphans();
        dialer.say('exit 3');
        await dialer.ended;

        await expect.poll(kernelOrphans).toBe(kernelBefore + 10);
        expect(await near.count('fin-wait-1')).toBe(10);
        const row = await agreesOn(before + 10);
        expect(row.kernel_orphans).toBe(before + 10);
        expect(trace.paths(to(port))).toEqual([]);

        await far.heal();
        const paths = await trace.untilPaths(10, to(port));
        expect(paths).toHaveLength(10);
        for (const path of paths) {
          expect(path).toMatchObject({
            family: family === 'v4' ? 'ipv4' : 'ipv6',
            laddr: near[family],
            raddr: far[family],
            rport: port,
            closed_in: 'ESTABLISHED',
            how: 'exit',
            closer: { pid: dialer.pid, comm: 'node-MainThread', exiting: true, exit_signal: 0, exit_status: 3 },
            waiting_for: 'ack',
            ended_by: 'time_wait',
            certain: true,
            gaps: [],
          });
          expect(route(path)).toBe('ESTABLISHED>FIN_WAIT1>FIN_WAIT2>CLOSE');
          expect(path.path[0]).toMatchObject({ at_us: 0, by: 'process' });
          expect(path.path.slice(1).map((step) => step.by)).toEqual(['softirq', 'softirq']);
          expect(path.retransmits).toBeGreaterThanOrEqual(2);
          expect(path.orphan_us).toBe(path.dying_us);
          expect(path.orphan_us).toBeGreaterThan(200_000);
        }
        const counted = paths.reduce((sum, path) => sum + path.retransmits, 0);
        expect(counted).toBe((await retransmitted()) - retransmittedBefore);
        await agreesOn(before);
        await expect.poll(kernelOrphans).toBe(kernelBefore);
      }),
  );

  it.each([
    ['IPv4', 'v4'],
    ['IPv6', 'v6'],
  ] as const)(
    '2 connections that the peer closed first are 2 orphans in LAST_ACK while it drops our FINs: %s',
    (title, family) =>
      experiment(title, async () => {
        const { peer, dialer, port } = await dial(2, family, 'hold');
        peer.say('fin 2');
        await dialer.hear('peer_fin');
        expect(await near.count('close-wait')).toBe(2);
        await far.drop(FINS);
        const before = await ground();
        const kernelBefore = kernelOrphans();
        dialer.say('close');
        await dialer.hear('closed');

        await expect.poll(kernelOrphans).toBe(kernelBefore + 2);
        expect(await near.count('last-ack')).toBe(2);
        await agreesOn(before + 2);

        await far.heal();
        const paths = await trace.untilPaths(2, to(port));
        expect(paths).toHaveLength(2);
        for (const path of paths) {
          expect(path).toMatchObject({
            laddr: near[family],
            closed_in: 'CLOSE_WAIT',
            how: 'close',
            closer: { pid: dialer.pid, comm: 'node-MainThread', exiting: false, exit_signal: null, exit_status: null },
            waiting_for: 'last_ack',
            ended_by: 'acked',
            gaps: [],
          });
          expect(route(path)).toBe('ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSE');
          expect(path.path.map((step) => step.by)).toEqual(['softirq', 'process', 'softirq']);
          expect(path.path[0]?.at_us).toBeLessThan(0);
          expect(path.retransmits).toBeGreaterThanOrEqual(1);
        }
        await agreesOn(before);
      }),
  );

  it('with tcp_fin_timeout 60 a peer that never closes costs no orphan: a minisock takes over, and the row says so', () =>
    experiment('tcp_fin_timeout', async () => {
      await near.sysctl('net.ipv4.tcp_fin_timeout', 60);
      const { dialer, port } = await dial(10, 'v4', 'hold');
      const before = await ground();
      const kernelBefore = kernelOrphans();
      dialer.say('close');

      const paths = await trace.untilPaths(10, to(port));
      expect(paths).toHaveLength(10);
      expect(kernelOrphans()).toBe(kernelBefore);
      for (const path of paths) {
        expect(path).toMatchObject({ closed_in: 'ESTABLISHED', ended_by: 'fin_wait2_timewait', side: 'peer' });
        expect(route(path)).toBe('ESTABLISHED>FIN_WAIT1>FIN_WAIT2>CLOSE');
        expect(path.because.join(' ')).toMatch(/minisock.*timewait.*no longer as an orphan/);
        expect(path.orphan_us).toBeLessThan(1_000_000);
      }
      expect(await near.count('fin-wait-2')).toBe(0);
      expect((await near.run('ss', '-Htno', 'state', 'fin-wait-2')).match(/timer:\(timewait/g)).toHaveLength(10);
      const row = await agreesOn(before);
      expect(row.kernel_orphans).toBe(before);
    }));

  it('with tcp_fin_timeout 120 they are orphans in FIN_WAIT2, until they are killed, answered, or the capture ends', () =>
    experiment('tcp_fin_timeout', async () => {
      await near.sysctl('net.ipv4.tcp_fin_timeout', 120);
      const ended = await dial(2, 'v4', 'hold');
      const killed = await dial(3, 'v4', 'hold');
      const kept = await dial(4, 'v4', 'hold');
      const before = await ground();
      const kernelBefore = kernelOrphans();
      for (const { dialer } of [ended, killed, kept]) dialer.say('close');

      await expect.poll(kernelOrphans).toBe(kernelBefore + 9);
      expect(await near.count('fin-wait-2')).toBe(9);
      await agreesOn(before + 9);
      for (const { port } of [ended, killed, kept]) expect(trace.paths(to(port))).toEqual([]);

      await near.run('ss', '-HKtn', 'dport', '=', `:${killed.port}`);
      for (const path of await trace.untilPaths(3, to(killed.port))) {
        expect(path).toMatchObject({ waiting_for: 'peer_fin', ended_by: 'killed', side: 'operator', gaps: [] });
        expect(route(path)).toBe('ESTABLISHED>FIN_WAIT1>FIN_WAIT2>CLOSE');
      }
      await ended.peer.kill();
      for (const path of await trace.untilPaths(2, to(ended.port))) {
        expect(path).toMatchObject({ waiting_for: 'peer_fin', ended_by: 'time_wait', gaps: [] });
      }
      await agreesOn(before + 4);

      const { exitCode } = await trace.stop();
      expect(exitCode).toBe(0);
      const alive = trace.paths(to(kept.port));
      expect(alive).toHaveLength(4);
      for (const path of alive) {
        expect(path).toMatchObject({
          waiting_for: 'peer_fin',
          ended_by: null,
          certain: false,
          gaps: ['capture_ended'],
        });
        expect(route(path)).toBe('ESTABLISHED>FIN_WAIT1>FIN_WAIT2');
        expect(path.orphan_us).toBeGreaterThan(500_000);
      }
      expect(trace.ledger()).toMatchObject({ orphans: before + 4, lost_events: 0, malformed: 0 });
      expect(trace.stdout().trimEnd().split('\n').at(-1)).toContain('"type":"ledger"');
    }));
});
