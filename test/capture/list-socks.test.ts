import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { listSocks } from '../../src/capture/list-socks.ts';

const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const rowOf = (port: number, state: string): string =>
  `   1: 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 0200007F:D431 ${state} 00000000:00000000 00:00000000 00000000     0        0 0 1\n`;
const TCP = `${HEADING}${rowOf(80, '04')}`;
const GONE = rowOf(81, '06');
const V6 = '0'.repeat(32);
const TCP6 = `  sl  local_address                         remote_address                        st\n   1: ${V6}:01BB ${V6}:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9 1\n`;
const sockstat = (timeWait: number): string => `sockets: used 1\nTCP: inuse 1 orphan 0 tw ${timeWait} alloc 1 mem 0\n`;
const SS_LINE = 'FIN-WAIT-1 0 0 127.0.0.1:90 127.0.0.2:54321 ino:0 sk:1 cgroup:/ ---\n';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'finwait-net-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Puts a shell script first on the PATH. */
const standIn = async (name: string, script: string): Promise<void> => {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
};
const say = (text: string): string => `printf '%s' '${text}'`;

type Options = Parameters<typeof listSocks>[1];
const portsOf = async (netns: Parameters<typeof listSocks>[0], options: Options = {}) =>
  (await listSocks(netns, options))?.map(({ lport }) => lport) ?? null;

describe('through a mount', () => {
  /** What `nsenter` does, as a shell script: for /proc/net/tcp, for sockstat, and for ss. */
  const portsAs = async (script: string, options: Options = {}, stat = 'exit 1', ss = 'exit 1') => {
    await standIn('nsenter', `case "$*" in\n*sockstat*) ${stat};;\n*'/ss '*) ${ss};;\n*) ${script};;\nesac`);
    return portsOf({ inode: 1, pid: null, mount: '/run/netns/x' }, options);
  };

  test('both tables are read', async () => {
    expect(await portsAs(say(TCP + TCP6))).toEqual([80, 443]);
  });

  test('TIME_WAIT sockets are left out, however many there are', async () => {
    const script = `${say(TCP)}; yes '${GONE.trimEnd()}' | head -n 2000000; ${say(TCP6)}`;
    expect(await portsAs(script, { timeoutMs: 60_000 })).toEqual([80, 443]);
  });

  test('one is enough where IPv6 is off: cat fails for want of the other', async () => {
    expect(await portsAs(`${say(TCP)}; exit 1`)).toEqual([80]);
  });

  test.each([
    ['nothing', 'exit 1'],
    ['half a line', say(TCP.slice(0, -9))],
    ['tcp, and tcp6 up to an error', `${say(TCP + TCP6)}; exit 1`],
    ['tcp6 alone', `${say(TCP6)}; exit 1`],
    ['whole lines, and is killed', `${say(TCP)}; kill -9 $$`],
  ])('what says %s is not read', async (_what, script) => {
    expect(await portsAs(script)).toBeNull();
  });

  test('what takes too long is not read, whatever it has said till then', async () => {
    expect(await portsAs(`${say(TCP)}; exec sleep 60`, { timeoutMs: 300 })).toBeNull();
  });

  test('without nsenter nothing is read', async () => {
    vi.stubEnv('PATH', folder);
    expect(await listSocks({ inode: 1, pid: null, mount: '/run/netns/x' })).toBeNull();
  });

  describe('where TIME_WAIT sockets are many', () => {
    const tables = say(TCP + TCP6);

    test('ss is asked', async () => {
      expect(await portsAs(tables, {}, say(sockstat(20_001)), say(SS_LINE))).toEqual([90]);
      expect(await portsAs(tables, {}, say(sockstat(20_000)), say(SS_LINE))).toEqual([80, 443]);
    });

    test.each([
      ['fails', `${say(SS_LINE)}; exit 1`],
      ['says what nobody understands', say(`${SS_LINE}x`)],
      ['takes too long', `${say(SS_LINE)}; exec sleep 60`],
    ])('and ss %s, the tables are read', async (_what, ss) => {
      expect(await portsAs(tables, { timeoutMs: 300 }, say(sockstat(20_001)), ss)).toEqual([80, 443]);
    });
  });
});

describe('through a process', () => {
  const net = async (): Promise<string> => {
    const path = join(folder, '42', 'net');
    await mkdir(path, { recursive: true });
    return path;
  };
  const read = () => portsOf({ inode: 1, pid: 42, mount: null }, { proc: folder });

  test('both tables are read, one where IPv6 is off, none where there is no process', async () => {
    expect(await read()).toBeNull();
    const path = await net();
    await writeFile(join(path, 'tcp'), TCP);
    expect(await read()).toEqual([80]);
    await writeFile(join(path, 'tcp6'), TCP6 + GONE);
    expect(await read()).toEqual([80, 443]);
  });

  test('ss is asked in its namespace where TIME_WAIT sockets are many', async () => {
    const path = await net();
    await writeFile(join(path, 'tcp'), TCP);
    await standIn('nsenter', `test "$1" = --net=/proc/42/ns/net && ${say(SS_LINE)}`);
    await writeFile(join(path, 'sockstat'), sockstat(20_000));
    expect(await read()).toEqual([80]);
    await writeFile(join(path, 'sockstat'), sockstat(20_001));
    expect(await read()).toEqual([90]);
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
