import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { bpftraceOf, isAlive, runFinwait, startFinwait, startTrace, stopAll } from './finwait.ts';
import { makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker, type Worker } from './worker.ts';

onRealKernel('a run that ends', () => {
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

  /** Connections that are closed on command. */
  const dial = async (count: number) => {
    const peer = startWorker(net.far, 'peer.mjs', net.far.v4, 'answer');
    workers.push(peer);
    const { port } = await peer.hear('listening');
    const dialer = startWorker(net.near, 'dial.mjs', net.far.v4, Number(port), count);
    workers.push(dialer);
    await dialer.hear('connected');
    return {
      close: async () => {
        dialer.say('close');
        await dialer.hear('closed');
      },
      isOurs: (path: ClosePath) => path.netns === net.near.inode && path.rport === Number(port),
    };
  };

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s writes what happened last, takes bpftrace with it and exits with 0',
    async (signal) => {
      const trace = await startTrace();
      const bpftrace = bpftraceOf(trace.pid);
      expect(isAlive(bpftrace)).toBe(true);
      const ours = await dial(5);
      await ours.close();
      const { exitCode } = await trace.stop(signal);
      expect(exitCode).toBe(0);
      expect(isAlive(bpftrace)).toBe(false);
      const paths = trace.paths(ours.isOurs);
      expect(paths).toHaveLength(5);
      for (const path of paths) expect(path).toMatchObject({ closed_in: 'ESTABLISHED', how: 'close' });
      const lines = trace.stdout().split('\n');
      expect(lines.pop()).toBe('');
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'ledger', lost_events: 0, malformed: 0 });
    },
  );

  it('by kill -9 takes bpftrace with it within a second', async () => {
    const trace = await startTrace();
    const bpftrace = bpftraceOf(trace.pid);
    expect(isAlive(bpftrace)).toBe(true);
    await trace.stop('SIGKILL');
    await expect.poll(() => isAlive(bpftrace), { timeout: 1000, interval: 20 }).toBe(false);
  });

  it('as a recording can be read again, whole', async () => {
    const file = join(dir, 'a.fwr');
    const run = startFinwait(['record', '--min-age', '0', '-o', file]);
    await run.until('the recording', () => run.stderr().includes('recording to'), 60_000);
    const ours = await dial(7);
    await ours.close();
    const { exitCode } = await run.stop();
    expect(exitCode).toBe(0);
    expect(run.stdout()).toBe('');
    const replay = await runFinwait('trace', '--json', file);
    expect(replay.exitCode).toBe(0);
    expect(replay.stderr).not.toContain('cut off');
    const records = replay.stdout
      .trimEnd()
      .split('\n')
      .map((line): ClosePath | { type: 'meta' | 'ledger' } => JSON.parse(line));
    expect(records[0]?.type).toBe('meta');
    expect(records.at(-1)?.type).toBe('ledger');
    expect(records.filter((record) => record.type === 'close_path' && ours.isOurs(record))).toHaveLength(7);
  });

  it('killed with kill -9 leaves a recording that replays up to there, and says so', async () => {
    const file = join(dir, 'torn.fwr');
    const run = startFinwait(['record', '--min-age', '0', '-o', file]);
    await run.until('the recording', () => run.stderr().includes('recording to'), 60_000);
    const ours = await dial(3);
    await ours.close();
    await run.until('a flush of the file', () => readFileSync(file).length > 100);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await run.stop('SIGKILL');
    const replay = await runFinwait('trace', '--json', file);
    expect(replay.exitCode).toBe(0);
    expect(replay.stderr).toContain('cut off');
    const paths = replay.stdout.split('\n').filter((line) => line.includes('"close_path"'));
    expect(paths.map((line) => JSON.parse(line)).filter(ours.isOurs)).toHaveLength(3);
  });

  it('ends by itself after --duration', async () => {
    const file = join(dir, 'timed.fwr');
    const started = performance.now();
    const { exitCode, stderr } = await runFinwait('record', '-o', file, '--duration', '2s');
    expect(exitCode).toBe(0);
    expect(performance.now() - started).toBeGreaterThan(2000);
    expect(stderr).toMatch(/lines recorded to .*timed\.fwr/);
    const { stdout } = await runFinwait('trace', '--json', file);
    const ledgers = stdout.split('\n').filter((line) => line.includes('"ledger"'));
    expect(ledgers.length).toBeGreaterThanOrEqual(3);
    expect(ledgers.length).toBeLessThanOrEqual(6);
  });
});
