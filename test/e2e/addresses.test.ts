import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { runFinwait, startTrace, stopAll } from './finwait.ts';
import { makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker, type Worker } from './worker.ts';

/** A field that looks like a kernel address. Negative evidence begins with `fffff`; no address of a sock does. */
const KERNEL_ADDRESS = /^ffff[89a-e][0-9a-f]{11}$/;
const LIFE_MS = 250;

onRealKernel('the address of a sock', () => {
  const dir = mkdtempSync(join(tmpdir(), 'finwait-e2e-'));
  const workers: Worker[] = [];
  let net: Network;

  beforeAll(async () => {
    net = await makeNetwork();
  });
  afterEach(async () => {
    await stopAll();
    for (const worker of workers.splice(0)) await worker.kill();
    await net.calm();
  });
  afterAll(async () => {
    await net?.remove();
    rmSync(dir, { recursive: true });
  });

  it('is in no line of a recording and in no record; two runs name the same socket differently', async () => {
    const files = [join(dir, 'at-once.fwr'), join(dir, 'deferred.fwr')] as const;
    // With 60 s or less a minisock would take over in FIN_WAIT2. These stay as they are, orphans for LIFE_MS.
    await net.near.sysctl('net.ipv4.tcp_fin_timeout', 120);
    const runs = [await startTrace('-o', files[0]), await startTrace('--min-age', '10ms', '-o', files[1])];
    const peer = startWorker(net.far, 'peer.mjs', net.far.v4, 'soon', LIFE_MS);
    workers.push(peer);
    const { port } = await peer.hear('listening');
    const dialer = startWorker(net.near, 'dial.mjs', net.far.v4, Number(port), 20);
    workers.push(dialer);
    await dialer.hear('connected');
    dialer.say('close');
    await dialer.hear('closed');
    await sleep(3 * LIFE_MS);
    for (const run of runs) await run.stop();

    const sks = files.map((file) => {
      const lines = zstdDecompressSync(readFileSync(file)).toString().split('\n');
      const found = lines.filter((line) => /^[ABDLRSX] /.test(line)).map((line) => line.split(' '));
      expect(found.length).toBeGreaterThan(0);
      for (const [, , sk, ...fields] of found) {
        expect(sk).toMatch(/^(?:0|[0-7][0-9a-f]{15})$/);
        expect(fields.filter((field) => KERNEL_ADDRESS.test(field))).toEqual([]);
      }
      return found;
    });
    // Each life that began and ended in the run did so under one name.
    const [atOnce = []] = sks;
    const announced = new Set(atOnce.filter(([letter]) => letter === 'A').map(([, , sk]) => sk));
    const destroyed = atOnce.filter(([letter]) => letter === 'D').map(([, , sk]) => sk);
    expect(destroyed.length).toBeGreaterThanOrEqual(20);
    for (const sk of destroyed) expect(announced).toContain(sk);
    const others = new Set((sks[1] ?? []).map(([, , sk]) => sk));
    expect([...announced].filter((sk) => sk !== '0' && others.has(sk))).toEqual([]);

    const { stdout } = await runFinwait('trace', '--json', files[0]);
    expect(stdout).toBe(runs[0]?.stdout());
    expect(stdout).not.toMatch(/ffff[89a-e][0-9a-f]{11}/);
    const paths = stdout
      .split('\n')
      .filter((line) => line.includes('"close_path"'))
      .map((line): ClosePath => JSON.parse(line));
    const ours = paths.filter((path) => path.netns === net.near.inode && path.rport === Number(port));
    expect(ours).toHaveLength(20);

    const [first] = ours;
    const told = await runFinwait('explain', '--socket', `${first?.sk}/${first?.generation}`, files[0]);
    expect(told.exitCode).toBe(0);
    expect(told.stdout).toContain(`${first?.laddr}:${first?.lport}`);
  });
});
