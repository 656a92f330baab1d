import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hiddenNote } from '../../../src/capture/sockets/hidepid.ts';
import { scanHolders } from '../../../src/capture/sockets/holders.ts';

let proc = '';
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'finwait-proc-'));
});
afterEach(() => rmSync(proc, { recursive: true }));

const addProcess = (pid: number, comm: string | Uint8Array, ...links: readonly string[]): void => {
  mkdirSync(`${proc}/${pid}/fd`, { recursive: true });
  writeFileSync(`${proc}/${pid}/comm`, comm);
  for (const [fd, link] of links.entries()) symlinkSync(link, `${proc}/${pid}/fd/${fd}`);
};
/** The kernel's words about a process beside its files. */
const status = (pid: number, user: number, slots: number, more = 'State:\tS (sleeping)\nThreads:\t1'): void =>
  writeFileSync(`${proc}/${pid}/status`, `Name:\tx\\nUid:\\t7\n${more}\nUid:\t${user}\t0\t0\t0\nFDSize:\t${slots}\n`);
const inNamespace = (link: string): void => {
  mkdirSync(`${proc}/self/ns`, { recursive: true });
  symlinkSync(link, `${proc}/self/ns/pid`);
};

test('a socket is found with the process that has it open, and others are passed over', async () => {
  inNamespace('pid:[4026531836]');
  addProcess(42, 'nginx\n', '/dev/null', 'socket:[7]', 'pipe:[8]', 'socket:[9]');
  const scan = await scanHolders(new Set([7, 8, 10]), { proc });
  expect([...scan.held]).toEqual([[7, expect.objectContaining({ holders: [{ pid: 42, comm: 'nginx' }], count: 1 })]]);
  expect(scan).toMatchObject({ isComplete: true, note: null });
});

test('of many that share it three are named, by pid, and all are counted; one with it twice counts once', async () => {
  for (const pid of [100, 9, 30, 20, 10]) addProcess(pid, `p${pid}\n`, 'socket:[7]', 'socket:[7]');
  const held = (await scanHolders(new Set([7]), { proc })).held.get(7);
  expect(held?.count).toBe(5);
  expect(held?.holders.map((holder) => holder.pid)).toEqual([9, 10, 20]);
});

test('a name keeps its line breaks and escapes, and bytes that are no UTF-8 as \\xNN', async () => {
  addProcess(1, 'a\nb\u001b[2J\n', 'socket:[1]');
  addProcess(2, Uint8Array.of(0xff, 0x41, 0x0a), 'socket:[2]');
  const { held } = await scanHolders(new Set([1, 2]), { proc });
  expect(held.get(1)?.holders[0]?.comm).toBe('a\nb\u001b[2J');
  expect(held.get(2)?.holders[0]?.comm).toBe('\\xffA');
});

test('a link that only looks like a socket is none', async () => {
  addProcess(1, 'x\n', 'socket:[7] (deleted)', '/tmp/socket:[7]', 'socket:[-7]', 'socket:[7x]');
  expect((await scanHolders(new Set([7]), { proc })).held.size).toBe(0);
});

test('in a pid namespace of its own the scan is not complete, and says so', async () => {
  inNamespace('pid:[4026532000]');
  const scan = await scanHolders(new Set([7]), { proc });
  expect(scan.isComplete).toBe(false);
  expect(scan.note).toMatch(/pid namespace/);
});

describe('one user’s many open files', () => {
  const most = { each: 10, links: 50, ms: 60_000 };
  const addMany = (pid: number, user: number, files: number, ...links: readonly string[]): void => {
    addProcess(pid, `p${pid}\n`, ...Array.from({ length: files }, () => '/dev/null'), ...links);
    status(pid, user, files + links.length);
  };

  test('in few processes hide no other process, and that not all was seen is said', async () => {
    inNamespace('pid:[4026531836]');
    for (let pid = 1; pid <= 26; pid++) addMany(pid, 1000, 9);
    addMany(900, 0, 8, 'socket:[7]');
    const scan = await scanHolders(new Set([7]), { proc, most });
    expect(scan.held.get(7)?.holders).toEqual([{ pid: 900, comm: 'p900' }]);
    expect(scan).toMatchObject({
      isComplete: false,
      note: expect.stringMatching(/ended after 50 open files, before 2\d of/),
    });
  });

  test('in many small processes hide no larger one of another user', async () => {
    for (let pid = 1; pid <= 100; pid++) addMany(pid, 1000, 1);
    addMany(900, 0, 8, 'socket:[7]');
    expect((await scanHolders(new Set([7]), { proc, most })).held.get(7)?.count).toBe(1);
  });

  test('started as root by a file that makes them so are still their starter’s', async () => {
    for (let pid = 1; pid <= 26; pid++) {
      addMany(pid, 1000, 8);
      status(pid, 1000, 8);
    }
    addMany(900, 0, 8, 'socket:[7]');
    expect((await scanHolders(new Set([7]), { proc, most })).held.get(7)?.count).toBe(1);
  });

  test('in one process are asked up to a bound, and those of all others wholly', async () => {
    inNamespace('pid:[4026531836]');
    addMany(1, 1000, 30, 'socket:[7]');
    addMany(900, 1000, 9, 'socket:[8]');
    const scan = await scanHolders(new Set([7, 8]), { proc, most });
    expect([...scan.held.keys()]).toEqual([8]);
    expect(scan).toMatchObject({
      isComplete: false,
      note: expect.stringMatching(/^of 1 process with more than 10 open files, those/),
    });
  });
});

test('a process whose first thread has ended is asked through another one', async () => {
  mkdirSync(`${proc}/42/task/42`, { recursive: true });
  mkdirSync(`${proc}/42/task/43/fd`, { recursive: true });
  writeFileSync(`${proc}/42/comm`, 'x\n');
  symlinkSync('socket:[7]', `${proc}/42/task/43/fd/3`);
  status(42, 0, 64, 'State:\tZ (zombie)\nThreads:\t2');
  expect((await scanHolders(new Set([7]), { proc })).held.get(7)?.count).toBe(1);
});

test('a table that cannot be read for want of something is not taken for one without sockets', async () => {
  inNamespace('pid:[4026531836]');
  // Too many links in a row, as one stand-in for all errors but those of a process that has ended.
  mkdirSync(`${proc}/42`);
  symlinkSync('fd', `${proc}/42/fd`);
  const scan = await scanHolders(new Set([7]), { proc });
  expect(scan).toMatchObject({ isComplete: false, note: '1 process could not be asked for its sockets' });
});

describe('/proc that hides processes', () => {
  const mounted = (...lines: readonly string[]): void => {
    inNamespace('pid:[4026531836]');
    writeFileSync(`${proc}/self/mountinfo`, `${lines.join('\n')}\n`);
  };
  const mount = (options: string, at = '/proc'): string =>
    `22 1 0:21 / ${at} rw,nosuid shared:5 - proc proc rw${options}`;
  const lacks = () => true;

  test.each(['ptraceable', 'invisible', '2', '4'])(
    'hidepid=%s: without CAP_SYS_PTRACE the scan is not whole',
    (option) => {
      mounted(mount(`,gid=5,hidepid=${option}`));
      expect(hiddenNote(proc, lacks)).toMatch(`hidepid=${option}, and finwait lacks CAP_SYS_PTRACE`);
      expect(hiddenNote(proc, () => false)).toBeNull();
    },
  );

  test.each([
    ['no option', mount('')],
    ['one that refuses, and hides nothing', mount(',hidepid=noaccess')],
    ['another mount of it', mount(',hidepid=invisible', '/srv/proc')],
    ['a mount below the one that is seen', mount(',hidepid=invisible'), mount('')],
  ])('nothing is hidden by %s', (_what, ...lines) => {
    mounted(...lines);
    expect(hiddenNote(proc, lacks)).toBeNull();
  });
});
