import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { runFinwait, startFinwait, stopAll } from './finwait.ts';
import { makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker, type Worker } from './worker.ts';

const SECRET = [
  'root:$y$j9T$a-hash-of-a-password:19000:0:99999:7:::',
  'n 1 root:$y$as-a-notice',
  '? root:$y$as-a-stray',
];
const DIALS = 5;

onRealKernel('a directory that somebody else can write, where finwait is started', () => {
  const place = mkdtempSync(join(tmpdir(), 'finwait-e2e-'));
  const secret = join(place, 'secret');
  const workers: Worker[] = [];
  let net: Network;
  let planted = 0;

  beforeAll(async () => {
    chmodSync(place, 0o755);
    writeFileSync(secret, `${SECRET.join('\n')}\n`, { mode: 0o600 });
    net = await makeNetwork();
  });
  afterEach(async () => {
    await stopAll();
    for (const worker of workers.splice(0)) await worker.kill();
    await net.calm();
  });
  afterAll(async () => {
    await net?.remove();
    rmSync(place, { recursive: true });
  });

  /** Each file's content under each of the names that a bpftrace or its compiler looks for where it runs. */
  const plant = (content: string): string => {
    const dir = join(place, `open-${++planted}`);
    const headers = join(dir, 'lib/clang');
    mkdirSync(dir);
    for (const version of ['14.0.6', '19', '21']) mkdirSync(join(headers, version, 'include'), { recursive: true });
    const names = ['clang_workarounds.h', 'definitions.h', 'stdint.h', 'stddef.h', 'stdbool.h'];
    for (const name of names) writeFileSync(join(dir, name), content);
    chmodSync(dir, 0o777);
    return dir;
  };

  /** Records connections that a process closes, from `dir`. */
  const recordIn = async (dir: string) => {
    const file = join(place, `${planted}.fwr`);
    const run = startFinwait(['record', '--min-age', '0', '-o', file], () => {}, dir);
    await run.until('the recording', () => run.stderr().includes('recording to'), 250_000);
    const peer = startWorker(net.far, 'peer.mjs', net.far.v4, 'answer');
    workers.push(peer);
    const { port } = await peer.hear('listening');
    const dialer = startWorker(net.near, 'dial.mjs', net.far.v4, Number(port), DIALS);
    workers.push(dialer);
    await dialer.hear('connected');
    dialer.say('close');
    await dialer.hear('closed');
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { exitCode } = await run.stop();
    const replay = await runFinwait('trace', '--json', file);
    const records = replay.stdout
      .trimEnd()
      .split('\n')
      .map((line): ClosePath | { type: 'ledger' } => JSON.parse(line));
    const paths = records.filter(
      (record) => record.type === 'close_path' && record.netns === net.near.inode && record.rport === Number(port),
    );
    return {
      exitCode,
      said: run.stderr(),
      text: zstdDecompressSync(readFileSync(file)).toString(),
      paths,
      ledger: records.at(-1),
      dialer: dialer.pid,
    };
  };

  it('puts no line of a file that root alone may read into the recording', async () => {
    // The compiler takes `cat` for a macro, and bpftrace for its own word.
    const dir = plant(`#define cat(file) int : 0\n#define sock_cookie planted; cat("${secret}")\n`);
    const { exitCode, text, said, paths } = await recordIn(dir);
    for (const line of SECRET) expect(text).not.toContain(line);
    expect(said).not.toContain('root:$y$');
    expect(exitCode).toBe(0);
    expect(paths).toHaveLength(DIALS);
  });

  it('changes nothing of the evidence', async () => {
    const { exitCode, paths, ledger, dialer } = await recordIn(plant('#pragma pack(1)\n'));
    expect(exitCode).toBe(0);
    expect(paths).toHaveLength(DIALS);
    for (const path of paths) {
      expect(path).toMatchObject({
        how: 'close',
        raddr: net.far.v4,
        closed_in: 'ESTABLISHED',
        closer: { pid: dialer },
      });
    }
    expect(ledger).toMatchObject({ malformed: 0 });
  });

  it('does not keep the probes from attaching', async () => {
    const { exitCode, paths } = await recordIn(plant('#error planted\n'));
    expect(exitCode).toBe(0);
    expect(paths).toHaveLength(DIALS);
  });
});
