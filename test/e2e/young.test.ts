import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { startTrace, stopAll, type Trace } from './finwait.ts';
import { makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { undisturbed } from './undisturbed.ts';
import { startWorker, type Worker } from './worker.ts';

const AT_ONCE = 10;
/** Life of these orphans, ms: shorter than the age, and longer than finwait takes to read the inventory. */
const LIFE_MS = 250;
const AGE_MS = 400;

onRealKernel('orphans that are young when finwait begins', () => {
  const workers = new Set<Worker>();
  let net: Network | null = null;
  afterAll(async () => {
    await stopAll();
    for (const worker of workers) await worker.kill();
    await net?.remove();
  });

  it('are counted once: by the inventory or by the probes', async () => {
    net = await makeNetwork();
    const { near, far } = net;
    // With 60 s or less a minisock would take over in FIN_WAIT2. These stay as they are.
    await near.sysctl('net.ipv4.tcp_fin_timeout', 120);
    const peer = startWorker(far, 'peer.mjs', far.v4, 'soon', LIFE_MS);
    workers.add(peer);
    const port = Number((await peer.hear('listening')).port);
    let made = 0;
    const lane = async (isOver: () => boolean): Promise<void> => {
      while (!isOver()) {
        const dialer = startWorker(near, 'dial.mjs', far.v4, port, AT_ONCE);
        workers.add(dialer);
        await dialer.hear('connected');
        dialer.say('close');
        await dialer.hear('closed');
        made += AT_ONCE;
        await dialer.kill();
        workers.delete(dialer);
      }
    };
    let trace: Trace | null = null;
    await undisturbed(
      'young',
      async () => {
        let isAttached = false;
        const lanes = lane(() => isAttached);
        try {
          trace = await startTrace('--min-age', `${AGE_MS}ms`);
          await sleep(500);
        } finally {
          isAttached = true;
          await lanes;
        }
        await sleep(2 * AGE_MS);
        const last = await trace.nextLedger('rest', (row) => row.in_flight === 0 && row.orphans !== null);
        expect(last.lost_events).toBe(0);
        expect(last).toMatchObject({ orphans: last.kernel_orphans, drift: 0 });
      },
      () => trace as unknown as Trace,
      stopAll,
    );
    expect(made).toBeGreaterThan(40);
    const { paths, stop } = trace as unknown as Trace;
    await stop();
    expect(paths(({ netns, ended_by }) => netns === near.inode && ended_by === null)).toEqual([]);
  }, 300_000);
});
