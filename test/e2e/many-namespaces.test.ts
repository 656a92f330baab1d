import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startFinwait, stopAll } from './finwait.ts';
import { onRealKernel } from './requirements.ts';

const COUNT = 60;
const ATTACH_MS = 250_000;
/** The end of what still reads the namespaces takes no time. To read each of them takes tens of ms, and more on a busy CPU. */
const AT_ONCE_MS = 5000;

/** Two orphans that stay for minutes: no FIN arrives. Where the kernel has none, no namespace is read. */
const ORPHANS = `
import socket, subprocess
subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
subprocess.run(['nft', 'add table ip t; add chain ip t in { type filter hook input priority 0; }; '
    'add rule ip t in tcp flags & fin == fin drop'], check=True)
server = socket.create_server(('127.0.0.1', 0))
near = socket.create_connection(server.getsockname())
far, _ = server.accept()
near.close()
far.close()
`;

onRealKernel('many namespaces, with no process in them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'finwait-namespaces-'));
  const names = Array.from({ length: COUNT }, (_, i) => `fwmany${process.pid}x${i}`);
  const ip = (verb: 'add' | 'del'): void => {
    const input = names.map((name) => `netns ${verb} ${name}\n`).join('');
    execFileSync('ip', ['-force', '-batch', '-'], { input });
  };
  const [first = ''] = names;
  const inside = (...args: readonly string[]): void => {
    execFileSync('ip', ['netns', 'exec', first, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  };
  beforeAll(() => {
    ip('add');
    inside('python3', '-c', ORPHANS);
  }, 60_000);
  afterAll(async () => {
    await stopAll();
    inside('ss', '-HKtn', 'state', 'all');
    ip('del');
    rmSync(folder, { recursive: true });
  }, 60_000);

  const linesOf = (file: string): readonly string[] => zstdDecompressSync(readFileSync(file)).toString().split('\n');

  it("the kernel's own figures come before the inventory, which reads all of them", async () => {
    const file = join(folder, 'whole.fwr');
    const run = startFinwait(['record', '-o', file, '--duration', '1s']);
    expect((await run.exit).exitCode).toBe(0);
    const lines = linesOf(file);
    const sampled = lines.findIndex((line) => line.startsWith('k '));
    const counted = lines.findIndex((line) => line.startsWith('e '));
    expect(lines.filter((line) => line.startsWith('i ')).length).toBeGreaterThanOrEqual(2);
    expect(sampled).toBeGreaterThan(0);
    expect(sampled).toBeLessThan(counted);
    const [, , , namespaces, unreadable] = (lines[counted] as string).split(' ').map(Number);
    expect(namespaces).toBeGreaterThan(COUNT);
    // Those of other programs may go while they are read.
    expect(unreadable).toBeLessThanOrEqual((namespaces as number) - COUNT);
  }, 400_000);

  it('are not read on once it is told to stop', async () => {
    const run = startFinwait(['record', '-o', join(folder, 'stopped.fwr')]);
    await run.until('the recording', () => run.stderr().includes('recording to'), ATTACH_MS);
    const began = performance.now();
    expect((await run.stop()).exitCode).toBe(0);
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
  }, 400_000);
});
