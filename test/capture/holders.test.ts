import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scanHolders } from '../../src/capture/holders.ts';

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
const inNamespace = (link: string): void => {
  mkdirSync(`${proc}/self/ns`, { recursive: true });
  symlinkSync(link, `${proc}/self/ns/pid`);
};

test('a socket is found with the process that has it open, and others are passed over', async () => {
  inNamespace('pid:[4026531836]');
  addProcess(42, 'nginx\n', '/dev/null', 'socket:[7]', 'pipe:[8]', 'socket:[9]');
  const scan = await scanHolders(new Set([7, 8, 10]), proc);
  expect([...scan.held]).toEqual([[7, expect.objectContaining({ holders: [{ pid: 42, comm: 'nginx' }], count: 1 })]]);
  expect(scan).toMatchObject({ isComplete: true, note: null });
});

test('of many that share it three are named, by pid, and all are counted; one with it twice counts once', async () => {
  for (const pid of [100, 9, 30, 20, 10]) addProcess(pid, `p${pid}\n`, 'socket:[7]', 'socket:[7]');
  const held = (await scanHolders(new Set([7]), proc)).held.get(7);
  expect(held?.count).toBe(5);
  expect(held?.holders.map((holder) => holder.pid)).toEqual([9, 10, 20]);
});

test('a name keeps its line breaks and escapes, and bytes that are no UTF-8 as \\xNN', async () => {
  addProcess(1, 'a\nb\u001b[2J\n', 'socket:[1]');
  addProcess(2, Uint8Array.of(0xff, 0x41, 0x0a), 'socket:[2]');
  const { held } = await scanHolders(new Set([1, 2]), proc);
  expect(held.get(1)?.holders[0]?.comm).toBe('a\nb\u001b[2J');
  expect(held.get(2)?.holders[0]?.comm).toBe('\\xffA');
});

test('a link that only looks like a socket is none', async () => {
  addProcess(1, 'x\n', 'socket:[7] (deleted)', '/tmp/socket:[7]', 'socket:[-7]', 'socket:[7x]');
  expect((await scanHolders(new Set([7]), proc)).held.size).toBe(0);
});

test('in a pid namespace of its own the scan is not complete, and says so', async () => {
  inNamespace('pid:[4026532000]');
  const scan = await scanHolders(new Set([7]), proc);
  expect(scan.isComplete).toBe(false);
  expect(scan.note).toMatch(/pid namespace/);
});
