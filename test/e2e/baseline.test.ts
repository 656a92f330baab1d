import { afterAll, afterEach, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { route, startTrace, stopAll } from './finwait.ts';
import { type Host, holdNamespace, kernelOrphans, makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker, type Worker } from './worker.ts';

onRealKernel('the baseline: orphans there before finwait', () => {
  const nets: Network[] = [];
  const workers: Worker[] = [];
  const holds: ReturnType<typeof holdNamespace>[] = [];
  afterAll(stopAll);
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.kill();
    for (const hold of holds.splice(0)) hold.release();
    for (const net of nets.splice(0)) await net.remove();
  });

  const start = (...args: Parameters<typeof startWorker>): Worker => {
    const worker = startWorker(...args);
    workers.push(worker);
    return worker;
  };
  /** A network with `count` orphans in FIN_WAIT1 on its near side, whose process is gone. */
  const orphans = async (count: number, family: 'v4' | 'v6' = 'v4') => {
    const net = await makeNetwork();
    nets.push(net);
    const { near, far } = net;
    await near.sysctl('net.ipv4.tcp_fin_timeout', 120);
    const peer = start(far, 'peer.mjs', far[family], 'answer');
    const { port } = await peer.hear('listening');
    const dialer = start(near, 'dial.mjs', far[family], Number(port), count);
    await dialer.hear('connected');
    await far.drop('tcp flags & fin == fin');
    dialer.say('exit');
    await dialer.ended;
    expect(await near.count('fin-wait-1')).toBe(count);
    return { net, near, far, port: Number(port) };
  };
  const inside = (host: Host) => (path: ClosePath) => path.netns === host.inode;

  it('are counted from the start, wherever they are, and followed to their end', async () => {
    const before = kernelOrphans();
    const lived = await orphans(3);
    start(lived.near, 'peer.mjs', lived.near.v4); // a process that lives there, and has nothing to do with them
    const mounted = await orphans(2, 'v6'); // kept by its mount alone
    const hidden = await orphans(4); // neither process nor mount: no /proc/net lists these
    holds.push(holdNamespace(hidden.near));
    const quiet = await orphans(1); // never heals: known from the inventory alone
    const trace = await startTrace();
    const first = await trace.nextLedger('drift 0', (row) => row.drift === 0 && row.in_flight === 0);
    expect(first).toMatchObject({ orphans: before + 10, kernel_orphans: before + 10, drift: 0 });

    for (const { far } of [lived, mounted, hidden]) await far.heal();
    for (const [{ near, far, port }, count] of [
      [lived, 3],
      [mounted, 2],
      [hidden, 4],
    ] as const) {
      const paths = await trace.untilPaths(count, inside(near));
      expect(paths).toHaveLength(count);
      for (const path of paths) {
        expect(path).toMatchObject({
          rport: port,
          raddr: near === mounted.near ? far.v6 : far.v4,
          how: 'unknown',
          closer: null,
          closed_at: null,
          closed_in: null,
          ended_by: 'time_wait',
          certain: false,
          gaps: ['older_than_capture'],
        });
        expect(route(path)).toBe('FIN_WAIT1>FIN_WAIT2>CLOSE');
        expect(path.retransmits).toBeGreaterThanOrEqual(1);
      }
    }
    const last = await trace.nextLedger('the one that is left', (row) => row.orphans === before + 1);
    expect(last.drift).toBe(0);
    // Each of the four hidden orphans became located with its first event. Others that nobody could list are not ours.
    expect(last.unlocated).toBeLessThanOrEqual(before);
    expect(last.inferred).toBe(first.inferred);
    await trace.stop();
    const left = trace.paths(inside(quiet.near));
    expect(left).toHaveLength(1);
    expect(left[0]).toMatchObject({ ended_by: null, certain: false, waiting_for: 'ack' });
    expect(left[0]?.gaps).toContain('older_than_capture');
  });
});
