import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { type LedgerRecord, startTrace, stopAll, type Trace } from './finwait.ts';
import { makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker, type Worker } from './worker.ts';

const PROCESSES = 4;
/** Connections of one process: some hosts allow 20,000 descriptors. */
const EACH = 9000;
const PORT = 5000;

/** A drift that the screen shows: one that two clocks do not explain. */
const isShown = ({ drift, in_flight }: LedgerRecord): boolean => drift !== null && Math.abs(drift) > in_flight;

onRealKernel(
  '36,000 closes at once, in front of dead peers',
  () => {
    let net: Network;
    let trace: Trace;
    let workers: readonly Worker[] = [];
    let since: readonly LedgerRecord[];
    let rows: readonly ClosePath[];

    beforeAll(async () => {
      net = await makeNetwork();
      const { near, far } = net;
      await near.sysctl('net.ipv4.ip_local_port_range', '1024 65535');
      // No retransmission meanwhile: the kernel runs no probe for what interrupts one.
      await near.run('ip', 'route', 'change', '10.231.0.0/24', 'dev', 'veth0', 'rto_min', '20s');
      const ports = Array.from({ length: PROCESSES }, (_, i) => PORT + i);
      const servers = ports.map((port) => startWorker(far, 'crowd.py', 'serve', far.v4, port, EACH));
      workers = servers;
      for (const server of servers) await server.hear('listening');
      const clients = ports.map((port) => startWorker(near, 'crowd.py', 'hold', far.v4, port, EACH));
      workers = [...servers, ...clients];
      for (const worker of workers) await worker.hear('ready', 60_000);
      trace = await startTrace('--min-age', '10ms');
      const before = await trace.nextLedger('drift 0', ({ drift }) => drift === 0);
      const first = trace.ledgers.length;
      await far.drop('meta l4proto tcp');
      await Promise.all(clients.map((client) => client.kill()));
      const least = before.entries + PROCESSES * EACH;
      await trace.nextLedger(`${least} entries`, ({ entries, drift }) => entries >= least && drift === 0);
      since = trace.ledgers.slice(first);
      await trace.stop();
      rows = trace.paths(({ netns }) => netns === near.inode);
      const late = since.at(-1)?.late_events;
      process.stderr.write(`burst: ${rows.length} rows, lost ${since.at(-1)?.lost_events}, out of order ${late}\n`);
    }, 180_000);
    afterAll(async () => {
      await stopAll();
      await net?.far.heal();
      for (const worker of workers) await worker.kill();
      await net?.remove();
    }, 60_000);

    it('show no drift at any time: what is still to be announced is on its way', () => {
      expect(since.filter(isShown)).toEqual([]);
    });

    it('have no event out of order', () => {
      expect(since.at(-1)).toMatchObject({ late_events: 0, unannounced: 0, malformed: 0 });
    });

    it('have a row each, and each was wholly observed', () => {
      expect(rows).toHaveLength(PROCESSES * EACH);
      const gaps = new Set(rows.flatMap((row) => row.gaps));
      expect([...gaps]).toEqual(['capture_ended']);
    });
  },
  'python',
);

onRealKernel('thousands of connections while other work has the CPUs', () => {
  const CLOSE = 6000;
  const RESET = 1000;
  const LISTENERS = 2;
  let net: Network;
  let trace: Trace;
  let after: LedgerRecord;
  let rows: readonly ClosePath[];

  beforeAll(async () => {
    net = await makeNetwork();
    const { near } = net;
    await near.sysctl('net.ipv4.ip_local_port_range', '1024 65535');
    await near.sysctl('net.ipv4.tcp_tw_reuse', 0);
    trace = await startTrace();
    const before = await trace.nextLedger('drift 0', ({ drift }) => drift === 0);
    const cpus = Array.from({ length: availableParallelism() }, (_, cpu) => cpu);
    const work = cpus.flatMap((cpu) =>
      [0, 1].map(() => spawn('taskset', ['-c', String(cpu), 'sh', '-c', 'while :; do :; done'], { stdio: 'ignore' })),
    );
    const worker = startWorker(near, 'mix.mjs', CLOSE, 0, RESET, 0, 0);
    try {
      await worker.hear('done', 120_000);
    } finally {
      await worker.kill();
      for (const each of work) each.kill('SIGKILL');
    }
    const least = before.entries + 2 * (CLOSE + RESET) + LISTENERS;
    after = await trace.nextLedger(
      `drift 0 at rest and ${least} entries`,
      (row) => row.drift === 0 && row.in_flight === 0 && row.entries >= least - row.lost_events,
    );
    await trace.stop();
    rows = trace.paths((path) => path.netns === near.inode);
    process.stderr.write(
      `starved: ${rows.length} rows, lost ${after.lost_events}, out of order ${after.late_events}, drift ${after.drift}\n`,
    );
  }, 240_000);
  afterAll(async () => {
    await stopAll();
    await net?.remove();
  });

  it('have no event out of order, however long a buffer waits to be read', () => {
    expect(after).toMatchObject({ late_events: 0, drift: 0, malformed: 0 });
  });

  it('have a row for each end, but for events that the kernel says it lost', () => {
    expect(rows.length).toBeGreaterThanOrEqual(2 * (CLOSE + RESET) + LISTENERS - after.lost_events);
    expect(rows.filter(({ gaps }) => gaps.includes('event_late'))).toEqual([]);
  });
});
