import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { needs } from './machine.ts';
import { expectFault, rowsOf, runFinwait, scratch, startFinwait } from './run-finwait.ts';

const NOBODY = 65_534;
/** dac_read_search, ipc_lock, sys_admin, sys_resource, perfmon, bpf. @see Linux include/uapi/linux/capability.h */
const KEPT = [2, 14, 21, 24, 38, 39].reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n);

const capability = (status: string, name: string): bigint =>
  BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1]}`);

const executable = (path: string, script: string): string => {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
};

type Surroundings = {
  readonly args: string;
  readonly cwd: string;
  readonly env: readonly string[];
  readonly status: string;
};

/** Runs finwait with a bpftrace that writes down how it was started, each time. */
const startedWith = async (env: Readonly<Record<string, string>>, within: readonly string[] = []) => {
  const [dir, log] = [scratch(), scratch()];
  executable(
    join(dir, 'bpftrace'),
    `n=1; while ! mkdir '${log}/'$n 2>/dev/null; do n=$((n + 1)); done
echo "$*" >'${log}/'$n/args; readlink /proc/$$/cwd >'${log}/'$n/cwd
cat /proc/$$/environ >'${log}/'$n/env; cat /proc/$$/status >'${log}/'$n/status
[ "$1" = --version ] && echo 'bpftrace v0.17.0'`,
  );
  const run = await runFinwait(['trace', '--backend', 'tracepoint'], {
    path: `${dir}:${process.env['PATH']}`,
    env,
    within,
  });
  const read = (n: number): Surroundings => {
    const text = (name: string): string => readFileSync(join(log, String(n), name), 'utf8');
    return {
      args: text('args').trim(),
      cwd: text('cwd').trim(),
      env: text('env')
        .split('\0')
        .filter((variable) => variable !== '')
        .toSorted(),
      status: text('status'),
    };
  };
  expect(run.code).toBe(3);
  expect(existsSync(join(log, '2'))).toBe(true);
  return [read(1), read(2)] as const;
};

describe.concurrent('bpftrace is started', () => {
  const HOSTILE = {
    BPFTRACE_BTF: '/x',
    BPFTRACE_MAX_STRLEN: '9',
    BPFTRACE_PERF_RB_PAGES: '1',
    BPFTRACE_KERNEL_SOURCE: '/x',
    LD_PRELOAD: '/x.so',
    LD_LIBRARY_PATH: '/x',
    CPATH: '/x',
    LC_ALL: 'C',
  };

  test("in /, with variables of finwait's making alone; asked for its version, too", async (context) => {
    needs(context, 'backend');
    const [asked, traced] = await startedWith(HOSTILE);
    expect(asked.args).toBe('--version');
    expect(traced.args).toMatch(/^-/);
    // The shell that plays bpftrace has no other.
    expect(asked.env).toEqual(['PATH=/usr/sbin:/usr/bin:/sbin:/bin']);
    expect(traced.env).toEqual([
      expect.stringMatching(/^BPFTRACE_MAP_KEYS_MAX=\d{5,}$/),
      expect.stringMatching(/^BPFTRACE_MAX_MAP_KEYS=\d{5,}$/),
      expect.stringMatching(/^BPFTRACE_PERF_RB_PAGES=\d{2,}$/),
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    ]);
    expect([asked.cwd, traced.cwd]).toEqual(['/', '/']);
  });

  test('with six capabilities, and no way to gain another', async (context) => {
    needs(context, 'backend', 'setpriv');
    const own = capability(readFileSync('/proc/self/status', 'utf8'), 'CapBnd');
    for (const { status } of await startedWith({})) {
      expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
      expect(capability(status, 'CapBnd')).toBe(own & KEPT);
      expect(capability(status, 'CapPrm') & ~KEPT).toBe(0n);
      expect(capability(status, 'CapInh')).toBe(0n);
      expect(capability(status, 'CapAmb')).toBe(0n);
    }
  });

  test('with all where none may be taken; doctor says so', async (context) => {
    needs(context, 'backend', 'setpriv');
    const within = ['setpriv', '--bounding-set=-setpcap', '--inh-caps=-all'];
    for (const { status } of await startedWith({}, within)) {
      expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
      expect(capability(status, 'CapPrm') & ~KEPT).not.toBe(0n);
    }
    const doctor = await runFinwait(['doctor'], { fake: 'streams.ts', within });
    expect(doctor.stdout).toMatch(/^limited +setpriv +\S+; bpftrace keeps every capability that finwait has: /m);
    const all = await runFinwait(['doctor'], { fake: 'streams.ts' });
    expect(all.stdout).toMatch(/^ok +setpriv +\S+; bpftrace can gain no rights, and keeps bpf, perfmon, sys_admin,/m);
  });
});

describe.concurrent('a program that somebody else may have put on PATH', () => {
  /** A program that notes that it ran. */
  const planted = (name: string, mode = 0o755) => {
    const [dir, mark] = [join(scratch(), 'dir'), join(scratch(), 'ran')];
    mkdirSync(dir);
    const file = executable(join(dir, name), `: >'${mark}'; echo 'bpftrace v0.17.0'`);
    chmodSync(dir, mode);
    return { dir, file, ran: () => existsSync(mark) };
  };
  const found = (dir: string): string => `${dir}:${process.env['PATH']}`;

  test.for(['bpftrace', 'setpriv', 'ss', 'nsenter'])('%s: exit 3, where it is and why', async (name, context) => {
    needs(context, 'backend');
    const { dir, ran } = planted(name, 0o777);
    const fake = name === 'bpftrace' ? {} : { fake: 'streams.ts' };
    const run = await runFinwait(['trace', '--duration', '300ms'], { ...fake, path: found(dir) });
    expectFault(run, 3, {
      what: new RegExp(`${dir}/${name} is not run`),
      why: new RegExp(`${dir} is writable by others \\(mode 0777\\)`),
      remedy: /^ {2}try: PATH=\/usr\/sbin:\/usr\/bin:\/sbin:\/bin:\$PATH finwait …$/,
    });
    expect(run.stdout).toBe('');
    expect(ran()).toBe(false);
    const doctor = await runFinwait(['doctor'], { ...fake, path: found(dir) });
    expect(doctor.code).toBe(3);
    expect(doctor.stdout).toMatch(new RegExp(`^missing +${name} +${dir}/${name} is not run`, 'm'));
    expect(ran()).toBe(false);
  });

  test.for(['python3', 'ip', 'nft', 'ss'])('lab, %s: exit 3', async (name) => {
    const path = scratch();
    for (const tool of ['ip', 'ss', 'nft', 'python3']) symlinkSync('/bin/true', join(path, tool));
    const { dir, ran } = planted(name, 0o777);
    const run = await runFinwait(['lab'], { path: `${dir}:${path}` });
    expectFault(run, 3, { what: new RegExp(`${dir}/${name} is not run`), why: /writable by others/, remedy: /PATH=/ });
    expect(ran()).toBe(false);
  });

  test('a relative entry of PATH: exit 3', async (context) => {
    needs(context, 'root');
    const { dir, ran } = planted('bpftrace');
    const entry = `../../${basename(join(dir, '..'))}/dir`;
    const run = await runFinwait(['trace'], { path: found(entry) });
    expectFault(run, 3, { what: /is not run/, why: /PATH has the relative entry \.\./, remedy: /PATH=/ });
    expect(ran()).toBe(false);
  });

  test('a file of another user: exit 3', async (context) => {
    needs(context, 'root');
    const { dir, file, ran } = planted('bpftrace');
    chownSync(file, NOBODY, NOBODY);
    const run = await runFinwait(['trace'], { path: found(dir) });
    expectFault(run, 3, { what: /is not run/, why: /bpftrace is owned by user 65534/, remedy: /PATH=/ });
    expect(ran()).toBe(false);
  });
});

describe.concurrent('what bpftrace prints and finwait does not know', () => {
  const SECRET = 'root:$y$hash';
  const STRAYS = [
    `${SECRET}:19000:0:99999:7:::`,
    `? ${SECRET}`,
    `A ${SECRET}`,
    `S 1 ${SECRET}`,
    `n 1 ${SECRET}`,
    `H 1 ${SECRET} 1 1.000000`,
    `T 1 ${SECRET}`,
    `@tally[${SECRET}]: 1`,
    `@unkept[1]: ${SECRET}`,
  ];

  test('is counted, and is in no recording; a user sees the start of it, without harm', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['record', '-o', 'x.fwr', '--duration', '1s'], {
      fake: 'chatters.ts',
      env: { FAKE_STDOUT: [`\u001b]0;${SECRET}\u0007`, ...STRAYS].join('\n') },
    });
    const run = await running.done;
    const text = zstdDecompressSync(readFileSync(join(running.cwd, 'x.fwr'))).toString();
    expect(text).not.toContain(SECRET);
    expect(text.match(/^\? \d+$/gm)).toHaveLength(STRAYS.length + 1);
    expect(text).toMatch(/^n \d+ bpftrace printed 10 lines that finwait does not know, \d+ characters: counted/m);
    expect(run.stderr).toContain(`bpftrace printed what finwait does not know: \\x1b]0;${SECRET}\\x07`);
    expect(run.stderr.match(/does not know: /g)).toHaveLength(1);
    const replay = await runFinwait(['trace', '--json', join(running.cwd, 'x.fwr')]);
    expect(rowsOf(replay).at(-1)).toMatchObject({ malformed: STRAYS.length + 1 });
  });

  test.for(['FAKE_STDOUT', 'FAKE_STDERR'])('%s: a complaint is recorded as what it means', async (stream, context) => {
    needs(context, 'backend');
    const running = startFinwait(['record', '-o', 'x.fwr', '--duration', '300ms'], {
      fake: 'chatters.ts',
      env: { [stream]: `Lost 3 events ${SECRET}\nstdin:40:3-20: WARNING: Map full ${SECRET}` },
    });
    expect((await running.done).code).toBe(0);
    const text = zstdDecompressSync(readFileSync(join(running.cwd, 'x.fwr'))).toString();
    expect(text).not.toContain(SECRET);
    expect(text).toMatch(/^n \d+ a BPF map is full: bpftrace could not keep an entry, line 40 of its script$/m);
    expect(text).toMatch(/^l \d+ 3 bpftrace dropped them/m);
  });

  test('a flood of it is few words, each cut', async (context) => {
    needs(context, 'backend');
    const run = await runFinwait(['trace', '--json', '--duration', '1500ms'], {
      fake: 'chatters.ts',
      env: {
        FAKE_STDOUT: Array.from({ length: 1000 }, () => `${SECRET}${'x'.repeat(100)}`).join('\n') + 'y'.repeat(5000),
      },
    });
    expect(rowsOf(run).at(-1)).toMatchObject({ malformed: 1000 });
    expect(run.stderr.length).toBeLessThan(2000);
  });
});
