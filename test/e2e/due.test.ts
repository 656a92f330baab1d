import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import type { TalliedDeaths } from '../../src/explain/tally.ts';
import { startTrace, stopAll, type Trace } from './finwait.ts';
import { type Host, makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { undisturbed } from './undisturbed.ts';
import { startWorker, type Worker } from './worker.ts';

const ROUNDS = 4;
const SOON = 100;
const SLOW = 40;

onRealKernel('sockets that die about the time when they are due to be announced', () => {
  let trace: Trace;
  let net: Network;
  let near: Host;
  let far: Host;
  let ports: { readonly soon: number; readonly slow: number };
  const workers: Worker[] = [];
  const start = (...args: Parameters<typeof startWorker>): Worker => {
    const worker = startWorker(...args);
    workers.push(worker);
    return worker;
  };
  const calm = async (): Promise<void> => {
    for (const worker of workers.splice(0)) await worker.kill();
    await net.calm();
  };

  /** `count` orphans, closed at once. */
  const orphans = async (count: number, port: number): Promise<void> => {
    const dialer = start(near, 'dial.mjs', far.v4, port, count);
    await dialer.hear('connected');
    dialer.say('close');
    await dialer.hear('closed');
  };
  const rowsTo = (port: number): readonly ClosePath[] =>
    trace.paths(({ netns, rport }) => netns === near.inode && rport === port);

  beforeAll(async () => {
    net = await makeNetwork();
    ({ near, far } = net);
    // With 60 s or less a minisock would take over in FIN_WAIT2. These stay as they are.
    await near.sysctl('net.ipv4.tcp_fin_timeout', 120);
    await undisturbed(
      'due',
      async () => {
        trace = await startTrace('--min-age', '10ms');
        const soon = start(far, 'peer.mjs', far.v4, 'soon');
        const slow = start(far, 'peer.mjs', far.v4, 'hold');
        ports = {
          soon: Number((await soon.hear('listening')).port),
          slow: Number((await slow.hear('listening')).port),
        };
        for (let round = 0; round < ROUNDS; round++) await orphans(SOON, ports.soon);
        // The next sockets have their memory now: all that was kept for an address must be gone with its socket.
        await orphans(SLOW, ports.slow);
        await sleep(1500);
        slow.say('close');
        await trace.nextLedger(
          'all are dead',
          ({ orphans, drift, in_flight }) => orphans === 0 && drift === 0 && in_flight === 0,
        );
        await trace.nextLedger('the last tallies', (row) => row.drift === 0);
        expect(trace.ledger().lost_events).toBe(0);
        expect(rowsTo(ports.slow).flatMap(({ gaps }) => gaps)).toEqual([]);
      },
      () => trace,
      async () => {
        await stopAll();
        await calm();
      },
    );
    await trace.stop();
  }, 120_000);
  afterAll(async () => {
    await stopAll();
    await calm();
    await net?.remove();
  });

  it('each that lives on has a row', () => {
    const rows = rowsTo(ports.slow);
    expect(rows.length).toBe(SLOW);
    for (const row of rows)
      expect(row).toMatchObject({ gaps: [], certain: true, how: 'close', closed_in: 'ESTABLISHED' });
  });

  it('each that dies about then has a row, or is counted', () => {
    const rows = rowsTo(ports.soon);
    // A socket may be announced while another CPU destroys it. Then its row says that its last transition is missing.
    const cut = rows.filter(({ gaps }) => gaps.includes('transition_missed'));
    expect(cut.length).toBeLessThanOrEqual(4);
    for (const row of rows) {
      if (!cut.includes(row)) expect(row).toMatchObject({ gaps: [], certain: true, ended_by: 'time_wait' });
    }
    const counted = trace
      .stdout()
      .split('\n')
      .filter((line) => line.startsWith('{"type":"tally"'))
      .map((line) => JSON.parse(line) as TalliedDeaths)
      .filter(({ how, ended_by }) => how === 'close' && ended_by === 'time_wait')
      .reduce((sum, { count }) => sum + count, 0);
    expect(rows.length).toBeGreaterThan(0);
    expect(counted).toBeGreaterThan(0);
    // Other programs of this host may have closed sockets meanwhile; finwait watches all of them.
    expect(rows.length + counted).toBeGreaterThanOrEqual(ROUNDS * SOON);
  });

  it('no event was of a socket that had not been announced', () => {
    expect(trace.ledger().unannounced).toBe(0);
  });
});
