import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { startTrace, stopAll } from './finwait.ts';
import { makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker, type Worker } from './worker.ts';

/** Connections whose two ends are held half-closed: in CLOSE_WAIT here, in FIN_WAIT2 after shutdown() there. */
const HELD = 700;
/** There are more such sockets than places. The rings of all CPUs together have as many places. */
const PLACES = 1024;
const ORPHANS = 30;
const AGE_MS = 1500;

onRealKernel('maps of the probes that fill', () => {
  const workers = new Set<Worker>();
  let net: Network | null = null;
  const start = (...args: Parameters<typeof startWorker>): Worker => {
    const worker = startWorker(...args);
    workers.add(worker);
    return worker;
  };
  const release = async (): Promise<void> => {
    await stopAll();
    for (const worker of workers) await worker.kill();
    workers.clear();
    await net?.calm();
  };
  afterEach(release);
  afterAll(async () => {
    await release();
    await net?.remove();
  });

  const network = async (): Promise<Network> => {
    net ??= await makeNetwork();
    // With 60 s or less a minisock would take over in FIN_WAIT2. These stay as they are.
    await net.near.sysctl('net.ipv4.tcp_fin_timeout', 120);
    return net;
  };

  /** Closes `count` connections that a peer keeps open: they stay in FIN_WAIT2. @returns the closer's pid, the ports */
  const orphan = async ({ near, far }: Network, port: number, count: number) => {
    const dialer = start(near, 'dial.mjs', far.v4, port, count);
    const { ports } = await dialer.hear('connected');
    dialer.say('close');
    await dialer.hear('closed');
    return { pid: dialer.pid, ports: new Set(ports as readonly number[]) };
  };

  it.each([
    ['with deferred announcements', '10ms'],
    ['announced at their close', '0'],
  ])('held half-closed sockets take no place of later orphans, %s', async (_how, minAge) => {
    const on = await network();
    const { near, far } = on;
    const trace = await startTrace('--min-age', minAge, '--map-keys', String(PLACES));
    const leaky = start(far, 'peer.mjs', far.v4, 'hold');
    const holder = start(near, 'dial.mjs', far.v4, Number((await leaky.hear('listening')).port), HELD);
    await holder.hear('connected');
    leaky.say(`fin ${HELD}`);
    await holder.hear('peer_fin');
    expect(await near.count('close-wait')).toBe(HELD);
    expect(await far.count('fin-wait-2')).toBe(HELD);
    const peer = start(far, 'peer.mjs', far.v4, 'hold');
    const { pid, ports } = await orphan(on, Number((await peer.hear('listening')).port), ORPHANS);
    await sleep(AGE_MS);
    await trace.stop();

    const rows = trace.paths(({ netns, lport }) => netns === near.inode && ports.has(lport));
    expect(rows).toHaveLength(ORPHANS);
    for (const row of rows) {
      expect(row).toMatchObject({ closer: { pid }, closed_in: 'ESTABLISHED', waiting_for: 'peer_fin', ended_by: null });
      expect(row.dying_us).toBeGreaterThan(AGE_MS * 1000 * 0.9);
      expect(row.dying_us).toBeLessThan(AGE_MS * 1000 + 10e6);
    }
    // The map of held sockets has filled. finwait said so before and then, and lost nothing of the dying sockets.
    expect(trace.stderr()).toMatch(/a map of the probes is \d+ % full.*a map of the probes is full: \d+ more/s);
    expect(trace.stderr()).not.toMatch(/a map of the probes was full/);
  });

  it('a map of dying sockets that is full: said before, counted, and what is not known is called unknown', async () => {
    const on = await network();
    const { near, far } = on;
    const places = 64;
    const [few, many] = [56, 120];
    const trace = await startTrace('--min-age', '10ms', '--map-keys', String(places));
    const peer = start(far, 'peer.mjs', far.v4, 'hold');
    const port = Number((await peer.hear('listening')).port);

    const first = await orphan(on, port, few);
    await trace.until('a word about the map that fills', () =>
      /a map of the probes is \d+ % full: \d+ of 64 places, for dying sockets/.test(trace.stderr()),
    );
    expect(trace.stderr()).not.toMatch(/a map of the probes was full/);
    const second = await orphan(on, port, many);
    // Each refused update counts. A socket that shows itself again is refused again.
    const lost = (): number =>
      [...trace.stderr().matchAll(/(\d+) events? lost: a map of the probes was full, of dying sockets/g)]
        .map(([, count]) => Number(count))
        .reduce((sum, count) => sum + count, 0);
    await trace.until('the losses', () => lost() >= few + many - places);
    await trace.nextLedger('these losses', (row) => row.lost_events >= few + many - places);
    await trace.stop();

    const rowsOf = (ports: ReadonlySet<number>): readonly ClosePath[] =>
      trace.paths(({ netns, lport }) => netns === near.inode && ports.has(lport));
    for (const row of rowsOf(first.ports)) {
      expect(row).toMatchObject({ closer: { pid: first.pid }, waiting_for: 'peer_fin' });
    }
    const secondRows = rowsOf(second.ports);
    expect(secondRows).toHaveLength(many);
    const unknown = secondRows.filter((row) => row.waiting_for === 'unknown');
    expect(unknown.length).toBeGreaterThanOrEqual(few + many - places);
    for (const row of unknown) {
      expect(row).toMatchObject({ dying_us: null, orphan_us: null, ended_by: null, certain: false });
      expect(row.gaps).toContain('events_lost');
    }
    for (const row of secondRows) expect(['peer_fin', 'unknown']).toContain(row.waiting_for);
  });
});
