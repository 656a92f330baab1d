import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, link, mkdir, mkdtemp, open, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const rowOf = (port: number, state: string): string =>
  `   1: 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 0200007F:D431 ${state} 00000000:00000000 00:00000000 00000000     0        0 0 1\n`;
const TCP = `${HEADING}${rowOf(80, '04')}`;
const GONE = rowOf(81, '06');
const V6 = '0'.repeat(32);
const TCP6 = `  sl  local_address                         remote_address                        st\n   1: ${V6}:01BB ${V6}:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9 1\n`;
const sockstat = (timeWait: number): string => `sockets: used 1\nTCP: inuse 1 orphan 0 tw ${timeWait} alloc 1 mem 0\n`;
const SS_LINE = 'FIN-WAIT-1 0 0 127.0.0.1:90 127.0.0.2:54321 ino:0 sk:1 cgroup:/ ---\n';

type List = typeof import('../../../src/capture/sockets/list-socks.ts').listSocks;
type Namespace = Parameters<List>[0];

let folder = '';
let listSocks: List;
beforeEach(async () => {
  // It remembers the files of namespaces, and the inodes of a folder that is gone come again.
  vi.resetModules();
  ({ listSocks } = await import('../../../src/capture/sockets/list-socks.ts'));
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

type Options = Parameters<List>[1];
const portsOf = async (netns: Namespace, options: Options = {}) =>
  (await listSocks(netns, options))?.map(({ lport }) => lport) ?? null;

describe('through a mount', () => {
  /** A file is as good as a namespace: its inode is what counts. */
  const mounted = async (): Promise<Namespace> => {
    const mount = join(folder, 'mount');
    await writeFile(mount, '');
    return { inode: (await stat(mount)).ino, pids: [], mounts: [mount] };
  };

  /** A stand-in for `nsenter`, as a shell script: for /proc/net/tcp, and for ss. */
  const portsAs = async (script: string, options: Options = {}, ss = 'exit 1') => {
    await standIn('nsenter', `case "$*" in\n*'/ss '*) ${ss};;\n*) ${script};;\nesac`);
    return portsOf(await mounted(), options);
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
    expect(await listSocks(await mounted())).toBeNull();
  });

  describe('ss is asked first', () => {
    const tables = say(TCP + TCP6);

    test('and is enough', async () => {
      expect(await portsAs(tables, {}, say(SS_LINE))).toEqual([90]);
    });

    test.each([
      ['fails', `${say(SS_LINE)}; exit 1`],
      ['says what nobody understands', say(`${SS_LINE}x`)],
      ['takes too long', `${say(SS_LINE)}; exec sleep 60`],
    ])('where it %s, the tables are read', async (_what, ss) => {
      expect(await portsAs(tables, { timeoutMs: 300 }, ss)).toEqual([80, 443]);
    });
  });
});

describe('through a process', () => {
  /** A namespace: its tables, and a stand-in that is asked for them inside. */
  const namespace = async (name: string, tcp: string, tcp6: string | null = null): Promise<number> => {
    await mkdir(join(folder, name, 'net'), { recursive: true });
    await writeFile(join(folder, name, 'itself'), '');
    await writeFile(join(folder, name, 'net', 'tcp'), tcp);
    if (tcp6 !== null) await writeFile(join(folder, name, 'net', 'tcp6'), tcp6);
    return (await stat(join(folder, name, 'itself'))).ino;
  };
  /**
   * A process that says it is in the one namespace, and shows the tables of the other: the same, unless it moves
   * meanwhile.
   */
  const process = async (pid: number, says: string, shows = says): Promise<void> => {
    const inode = (await stat(join(folder, says, 'itself'))).ino;
    await mkdir(join(folder, String(pid), 'ns'), { recursive: true });
    await link(join(folder, says, 'itself'), join(folder, String(pid), 'ns', `net:[${inode}]`));
    await symlink(`net:[${inode}]`, join(folder, String(pid), 'ns', 'net'));
    await symlink(join(folder, shows, 'net'), join(folder, String(pid), 'net'));
  };
  /** The output of `nsenter` in the namespace that it is given. Its inode tells the namespace from others. */
  const enter = (inside: string, ss = 'exit 1') =>
    standIn(
      'nsenter',
      [
        `for name in a b; do test "$(stat -L -c %i "\${1#--net=}")" = "$(stat -c %i ${folder}/$name/itself)" && break; done`,
        `cd ${folder}/$name/net`,
        `case "$*" in *'/stat '*) stat -c %i tcp tcp6 2>&-;; *'/ss '*) ${ss};; *) ${inside};; esac`,
      ].join('\n'),
    );
  const A = TCP;
  const B = `${HEADING}${rowOf(666, '04')}`;
  const read = (inode: number, ...pids: readonly number[]) =>
    portsOf({ inode, pids, mounts: [] }, { proc: folder, timeoutMs: 5000 });

  test.each([
    ['both tables are read', TCP6 + GONE, [80, 443]],
    ['one is read where IPv6 is off', null, [80]],
  ])('%s', async (_what, tcp6, ports) => {
    const a = await namespace('a', A, tcp6);
    await process(42, 'a');
    await enter('exit 1');
    expect(await read(a, 42)).toEqual(ports);
    expect(await read(a, 42)).toEqual(ports);
  });

  test('none is read where there is no process any more, or no nsenter to compare its files with', async () => {
    const a = await namespace('a', A);
    await enter('cat tcp');
    expect(await read(a, 42)).toBeNull();
    await process(42, 'a');
    vi.stubEnv('PATH', folder);
    await rm(join(folder, 'nsenter'));
    expect(await read(a, 42)).toBeNull();
  });

  test('that shows the sockets of another namespace than it says is not believed: another process is asked', async () => {
    const a = await namespace('a', A);
    await namespace('b', B);
    await process(42, 'a', 'b');
    await process(43, 'a');
    await enter('exit 1');
    expect(await read(a, 42, 43)).toEqual([80]);
  });

  test('that is the only one, and moves, is not believed: the namespace is entered, or counts as unreadable', async () => {
    const a = await namespace('a', A);
    await namespace('b', B);
    await process(42, 'a', 'b');
    await enter('cat tcp');
    expect(await read(a, 42)).toEqual([80]);
    await enter('exit 1');
    expect(await read(a, 42)).toBeNull();
  });

  test('that has moved when its tables are read is not believed', async () => {
    const a = await namespace('a', A);
    await namespace('b', B);
    await process(42, 'b', 'a');
    await enter('exit 1');
    expect(await read(a, 42)).toBeNull();
  });

  test('that moved is not followed by ss: its namespace is held by the file that was compared', async () => {
    const a = await namespace('a', A);
    await namespace('b', B);
    await process(42, 'b');
    await process(43, 'a');
    await writeFile(join(folder, 'a', 'net', 'sockstat'), sockstat(1001));
    await writeFile(join(folder, 'b', 'net', 'sockstat'), sockstat(1001));
    await enter('exit 1', `test $name = a && ${say(SS_LINE)}`);
    expect(await read(a, 42, 43)).toEqual([90]);
    expect(await read(a, 42)).toBeNull();
  });

  test('ss is asked in its namespace where TIME_WAIT sockets are many', async () => {
    const a = await namespace('a', A);
    await process(42, 'a');
    await enter('exit 1', say(SS_LINE));
    await writeFile(join(folder, 'a', 'net', 'sockstat'), sockstat(1000));
    expect(await read(a, 42)).toEqual([80]);
    await writeFile(join(folder, 'a', 'net', 'sockstat'), sockstat(1001));
    expect(await read(a, 42)).toEqual([90]);
  });

  test('a table that is there and cannot be read is not taken for absent', async () => {
    const a = await namespace('a', A);
    await process(42, 'a');
    await mkdir(join(folder, 'a', 'net', 'tcp6'));
    await enter('exit 1');
    expect(await read(a, 42)).toBeNull();
  });

  test('a process that ends between the tables is not taken for a host without IPv6', async () => {
    const a = await namespace('a', A);
    await process(42, 'a');
    const path = join(folder, 'a', 'net');
    await rm(join(path, 'tcp'));
    execFileSync('mkfifo', [join(path, 'tcp')]);
    await enter('exit 1');
    const reading = read(a, 42);
    const pipe = await open(join(path, 'tcp'), 'w');
    await pipe.writeFile(TCP);
    await rm(path, { recursive: true });
    await pipe.close();
    expect(await reading).toBeNull();
    expect(existsSync(path)).toBe(false);
  });
});
