import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AbnormalDeaths } from '../../src/explain/abnormal.ts';
import { RESET_BY_MINISOCK } from '../lab/endings.ts';
import { runFinwait, startFinwait, startTrace, stopAll } from './finwait.ts';
import { type LabSocket, startLab } from './lab.ts';
import { makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker, type Worker } from './worker.ts';

const PORT = 8080;
const COUNT = 5;
const MANY = 800;
/** Each CPU tells of so many one by one in each second of the clock. */
const TOLD_PER_SECOND = 100;
const ATTACH_MS = 250_000;
/** Longer than the path of a destroyed socket is held back. */
const PAUSE_S = 0.2;

/** Before Linux 6.10 the tracepoint is silent about minisocks, and gives no reason. */
const isTraced = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing']
  .map((folder) => `${folder}/events/tcp/tcp_send_reset/format`)
  .some((file) => existsSync(file) && readFileSync(file, 'utf8').includes('sk_rst_reason'));

type Abnormal = AbnormalDeaths & { readonly type: 'abnormal' };

const abnormalOf = (stdout: string): readonly Abnormal[] =>
  stdout
    .split('\n')
    .filter((line) => line.includes('"type":"abnormal"'))
    .map((line): Abnormal => JSON.parse(line))
    .filter(({ by_minisock }) => by_minisock);

onRealKernel('data that meets a minisock in FIN_WAIT2', () => {
  const folder = mkdtempSync(join(tmpdir(), 'finwait-minisock-'));
  const workers: Worker[] = [];
  let net: Network;
  beforeAll(async () => {
    net = await makeNetwork();
  });
  afterAll(async () => {
    await stopAll();
    for (const worker of workers) await worker.kill();
    await net?.remove();
    rmSync(folder, { recursive: true });
  });

  const sendLate = async (family: 'v4' | 'v6', count = COUNT): Promise<Worker> => {
    const worker = startWorker(net.near, 'late_data.py', net.near[family], PORT, count, PAUSE_S);
    workers.push(worker);
    await worker.hear('ready');
    worker.say('go');
    await worker.hear('done');
    // It holds the port.
    await worker.kill();
    return worker;
  };

  it.runIf(isTraced).each(['v4', 'v6'] as const)(
    'is told with port, peer and closer, %s',
    async (family) => {
      const trace = await startTrace('--min-age', '0');
      const { pid } = await sendLate(family);
      const rows = await trace.untilPaths(COUNT, ({ lport, ended_by }) => lport === PORT && ended_by !== 'acked');
      for (const row of rows) expect(row.ended_by).toBe('fin_wait2_timewait');
      await trace.stop();
      expect(abnormalOf(trace.stdout())).toMatchObject([
        {
          ended_by: 'data_after_close',
          side: 'peer',
          comm: 'python3',
          pid,
          port: PORT,
          raddr: net.near[family],
          count: COUNT,
        },
      ]);
    },
    400_000,
  );

  it.runIf(isTraced).each(RESET_BY_MINISOCK)(
    'is told of the lab, over IPv4 and IPv6: %s',
    async (name) => {
      const trace = await startTrace('--min-age', '0');
      const sockets: LabSocket[] = [];
      for (const family of ['-4', '-6']) {
        const lab = startLab(family, name);
        await lab.exit;
        expect(lab.of('lab_failed')).toEqual([]);
        sockets.push(...lab.sockets(name));
      }
      await trace.stop();
      const rows = abnormalOf(trace.stdout());
      expect(sockets.map(({ family }) => family)).toEqual(['ipv4', 'ipv6']);
      for (const { pid, lport, rport, raddr } of sockets) {
        expect(rows.filter((row) => row.pid === pid)).toMatchObject([
          { ended_by: 'data_after_close', comm: name.slice(0, 15), port: Math.min(lport, rport), raddr, count: 1 },
        ]);
      }
    },
    400_000,
  );

  it.runIf(isTraced)(
    'is counted to the last where there is too much of it to tell of each',
    async () => {
      const trace = await startTrace('--min-age', '0');
      const since = performance.now();
      await sendLate('v4', MANY);
      const seconds = Math.ceil((performance.now() - since) / 1000) + 1;
      await trace.stop();
      const rows = abnormalOf(trace.stdout());
      expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(MANY);
      const told = rows.filter(({ raddr }) => raddr !== null).reduce((sum, { count }) => sum + count, 0);
      expect(told).toBeLessThanOrEqual(TOLD_PER_SECOND * cpus().length * seconds);
      expect(trace.ledger()).toMatchObject({ malformed: 0 });
    },
    400_000,
  );

  it.runIf(isTraced)(
    'is counted in a recording of sockets that died too fast to be announced, and is in the answer',
    async () => {
      const file = join(folder, 'late.fwr');
      const run = startFinwait(['record', '-o', file]);
      await run.until('the recording', () => run.stderr().includes('recording to'), ATTACH_MS);
      await sendLate('v4');
      await run.stop();
      const json = await runFinwait('explain', '--json', file);
      const found = abnormalOf(json.stdout);
      expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(COUNT);
      for (const row of found) expect(row).toMatchObject({ port: PORT, raddr: net.near.v4 });
      const text = (await runFinwait('explain', file)).stdout.replace(/\s+/g, ' ');
      expect(text).toContain('FIN_WAIT2 minisocks reset it');
      expect(text).toContain(`minisock, data from ${net.near.v4}`);
    },
    400_000,
  );
});
