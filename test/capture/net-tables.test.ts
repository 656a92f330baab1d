import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readNetTables } from '../../src/capture/net-tables.ts';

const TCP = '  sl  local_address rem_address   st tx_queue rx_queue\n   0: 0100007F:0016 00000000:0000 0A\n';
const GONE = '   1: 0100007F:0016 0100007F:D431 06 00000000:00000000\n';
const TCP6 = '  sl  local_address                         remote_address                        st tx_queue\n';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'finwait-net-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

describe('through a mount', () => {
  /** What `nsenter` does, as a shell script. */
  const readAs = async (script: string, timeoutMs = 5000): Promise<string | null> => {
    const path = join(folder, 'nsenter');
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
    return readNetTables({ inode: 1, pid: null, mount: '/run/netns/x' }, { timeoutMs });
  };
  const say = (text: string): string => `printf '%s' '${text}'`;

  test('both tables are read', async () => {
    expect(await readAs(say(TCP + TCP6))).toBe(TCP + TCP6);
  });

  test('TIME_WAIT sockets are left out, however many there are', async () => {
    expect(await readAs(`${say(TCP)}; yes '${GONE.trimEnd()}' | head -n 2000000; ${say(TCP6)}`, 60_000)).toBe(
      TCP + TCP6,
    );
  });

  test('one is enough where IPv6 is off: cat fails for want of the other', async () => {
    expect(await readAs(`${say(TCP)}; exit 1`)).toBe(TCP);
  });

  test.each([
    ['nothing', 'exit 1'],
    ['half a line', say(TCP.slice(0, -9))],
    ['tcp, and tcp6 up to an error', `${say(TCP + TCP6)}; exit 1`],
    ['tcp6 alone', `${say(TCP6)}; exit 1`],
    ['whole lines, and is killed', `${say(TCP)}; kill -9 $$`],
  ])('what says %s is not read', async (_what, script) => {
    expect(await readAs(script)).toBeNull();
  });

  test('what takes too long is not read, whatever it has said till then', async () => {
    expect(await readAs(`${say(TCP)}; exec sleep 60`, 300)).toBeNull();
  });

  test('without nsenter nothing is read', async () => {
    vi.stubEnv('PATH', folder);
    expect(await readNetTables({ inode: 1, pid: null, mount: '/run/netns/x' })).toBeNull();
  });
});

describe('through a process', () => {
  const net = async (): Promise<string> => {
    const path = join(folder, '42', 'net');
    await mkdir(path, { recursive: true });
    return path;
  };
  const read = (): Promise<string | null> => readNetTables({ inode: 1, pid: 42, mount: null }, { proc: folder });

  test('both tables are read, one where IPv6 is off, none where there is no process', async () => {
    expect(await read()).toBeNull();
    const path = await net();
    await writeFile(join(path, 'tcp'), TCP);
    expect(await read()).toBe(TCP);
    await writeFile(join(path, 'tcp6'), TCP6 + GONE);
    expect(await read()).toBe(TCP + TCP6);
  });

  test('a table that is there and cannot be read is not taken for absent', async () => {
    const path = await net();
    await writeFile(join(path, 'tcp'), TCP);
    await mkdir(join(path, 'tcp6'));
    expect(await read()).toBeNull();
  });

  test('a process that ends between the tables is not taken for a host without IPv6', async () => {
    const path = await net();
    execFileSync('mkfifo', [join(path, 'tcp')]);
    const reading = read();
    const pipe = await open(join(path, 'tcp'), 'w');
    await pipe.writeFile(TCP);
    await rm(path, { recursive: true });
    await pipe.close();
    expect(await reading).toBeNull();
    expect(existsSync(path)).toBe(false);
  });
});
