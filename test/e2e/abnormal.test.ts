import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AbnormalDeaths } from '../../src/explain/abnormal.ts';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { runFinwait, startFinwait, stopAll } from './finwait.ts';
import { type Lab, startLab } from './lab.ts';
import { makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker } from './worker.ts';

const PORT = 8080;
const RATE = 200;
const SECONDS = 4;
/** Sockets of one kind that are announced in full, a second. */
const SAMPLES = 20;
const ATTACH_MS = 250_000;

type Abnormal = AbnormalDeaths & { readonly type: 'abnormal' };
type Told = {
  readonly answer: string;
  readonly text: string;
  readonly paths: readonly ClosePath[];
  readonly abnormal: readonly Abnormal[];
};

onRealKernel('deaths too fast to be announced that end abnormally', () => {
  const folder = mkdtempSync(join(tmpdir(), 'finwait-abnormal-'));
  afterAll(async () => {
    await stopAll();
    rmSync(folder, { recursive: true });
  });

  /** Records while `act` goes on, and explains what was recorded. @param options - of record */
  const explained = async (name: string, act: () => Promise<void>, ...options: string[]): Promise<Told> => {
    const file = join(folder, `${name}.fwr`);
    const run = startFinwait(['record', '-o', file, ...options]);
    await run.until('the recording', () => run.stderr().includes('recording to'), ATTACH_MS);
    await sleep(1000);
    await act();
    await sleep(2500);
    await run.stop();
    const all = ['--limit', '1000', file];
    const json = await runFinwait('explain', '--json', ...all);
    const told: { answer: string; readonly paths: ClosePath[]; readonly abnormal: Abnormal[] } = {
      answer: '',
      paths: [],
      abnormal: [],
    };
    for (const line of json.stdout.split('\n').filter((each) => each !== '')) {
      const record: ClosePath | Abnormal | { readonly type: 'explanation'; readonly answer: string } = JSON.parse(line);
      if (record.type === 'explanation') told.answer = record.answer;
      else if (record.type === 'close_path') told.paths.push(record);
      else if (record.type === 'abnormal') told.abnormal.push(record);
    }
    const text = await runFinwait('explain', file);
    return { ...told, text: text.stdout.replace(/\s+/g, ' ') };
  };

  describe.each(['v4', 'v6'] as const)('a server that closes with unread data, %s', (family) => {
    let net: Network;
    let told: Told;
    let count = 0;
    let took = 0;
    let pid = 0;
    beforeAll(async () => {
      net = await makeNetwork();
      const { near } = net;
      told = await explained(`unread-${family}`, async () => {
        const server = startWorker(near, 'unread.py', near[family], PORT, RATE, SECONDS);
        await server.hear('ready');
        pid = server.pid;
        server.say('go');
        const done = await server.hear('done');
        count = Number(done.count);
        took = Number(done.took);
        await server.kill();
      });
    }, 400_000);
    afterAll(async () => net?.remove());

    it('is named with its process, kind, port, exact count and rate', () => {
      const found = told.abnormal.filter(({ ended_by }) => ended_by === 'unread_data');
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({ side: 'local', comm: 'python3', pid, port: PORT, count });
      const rate = count / took;
      expect(found[0]?.per_second ?? 0).toBeGreaterThan(rate * 0.9);
      expect(found[0]?.per_second ?? 0).toBeLessThan(rate * 1.1);
    });

    it('has some of them told of one by one, with tuple and closer, and no more', () => {
      const rows = told.paths.filter(({ lport }) => lport === PORT);
      expect(rows.length).toBeGreaterThanOrEqual(SAMPLES * SECONDS);
      expect(rows.length).toBeLessThanOrEqual(SAMPLES * (Math.ceil(took) + 2));
      expect(told.abnormal.find(({ ended_by }) => ended_by === 'unread_data')?.sampled).toBe(rows.length);
      for (const row of rows) {
        expect(row).toMatchObject({
          ended_by: 'unread_data',
          closed_in: 'ESTABLISHED',
          laddr: net.near[family],
          raddr: net.near[family],
          unread_bytes: 18,
          certain: true,
          gaps: [],
          closer: { pid, comm: 'python3' },
        });
        expect(row.rport).toBeGreaterThan(1024);
      }
    });

    it('is in the answer, with what to do; nothing says that no socket died', () => {
      for (const text of [told.answer, told.text]) {
        expect(text).toContain(`python3[${pid}] resets clients with unread data: `);
        expect(text).toMatch(/data: (1[89]\d|2[012]\d)\/s on port 8080/);
        expect(text).toContain('To do (unread_data): ');
        expect(text).not.toContain('No socket died');
      }
    });
  });

  it('an orphan that ss -K kills is counted with its closer, not with ss', { timeout: 400_000 }, async (test) => {
    const labs: Lab[] = [];
    const play = async (): Promise<void> => {
      const played = startLab('killed');
      labs.push(played);
      await played.exit;
    };
    const told = await explained('killed', play, '--min-age', '5s');
    const [lab] = labs;
    const reason = lab?.skipped('killed') ?? null;
    if (reason !== null) test.skip(`the lab skipped it: ${reason}`);
    const socket = lab?.sockets('killed')[0];
    // A player of the lab has its scenario's name.
    const closer = { comm: 'killed', pid: socket?.pid };
    expect(told.paths.filter(({ ended_by }) => ended_by === 'killed')).toMatchObject([
      { lport: socket?.lport, closer },
    ]);
    expect(told.abnormal.filter(({ ended_by }) => ended_by === 'killed')).toMatchObject([
      { side: 'operator', ...closer, count: 1, sampled: 1 },
    ]);
  });

  it('a kill at the limit inside close() is orphan_limit, with its process and tuple', {
    timeout: 400_000,
  }, async (test) => {
    const labs: Lab[] = [];
    const told = await explained('limit', async () => {
      const played = startLab('--host', 'orphan_limit_at_close');
      labs.push(played);
      await played.exit;
    });
    const [lab] = labs;
    const reason = lab?.skipped('orphan_limit_at_close') ?? null;
    if (reason !== null) test.skip(`the lab skipped it: ${reason}`);
    const socket = lab?.sockets('orphan_limit_at_close')[0];
    const rows = told.paths.filter(({ lport, rport }) => lport === socket?.lport && rport === socket.rport);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ ended_by: 'orphan_limit', side: 'limit', certain: true, gaps: [] });
    expect(rows[0]?.path.map(({ from, to }) => `${from}>${to}`)).toEqual(['ESTABLISHED>FIN_WAIT1', 'FIN_WAIT1>CLOSE']);
    const kills = told.abnormal.filter(({ side }) => side === 'limit');
    expect(kills).toHaveLength(1);
    expect(kills[0]).toMatchObject({ ended_by: 'orphan_limit', count: 1, sampled: 1, pid: rows[0]?.closer?.pid });
    expect(rows[0]?.closer?.pid).toBe(socket?.pid);
  });
});
