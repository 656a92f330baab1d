import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listNetns } from '../../../src/capture/sockets/netns.ts';

test('a process whose namespace may not be asked for is counted; one that has ended, and a kernel thread, is not', () => {
  const proc = mkdtempSync(join(tmpdir(), 'finwait-proc-'));
  onTestFinished(() => rmSync(proc, { recursive: true }));
  for (const name of ['1', '2', '3', '4', '5', 'self']) mkdirSync(join(proc, name));
  // The name may hold anything.
  writeFileSync(join(proc, '4/stat'), '4 (a) b) S 1 4 4 0 -1 4194560 0 0');
  writeFileSync(join(proc, '5/stat'), '5 (kworker/0:1) I 2 0 0 0 -1 69238880 0 0');
  const codes: Readonly<Record<string, string>> = { 2: 'EACCES', 3: 'ENOENT', 4: 'EPERM', 5: 'EACCES', self: 'EACCES' };
  const read = (path: string): string => {
    const code = codes[path.split('/').at(-3) ?? ''];
    if (code !== undefined) throw Object.assign(new Error(path), { code });
    return 'net:[1]';
  };
  const { namespaces, refused } = listNetns(proc, read);
  expect(refused).toBe(2);
  expect(namespaces.find(({ inode }) => inode === 1)?.pids).toEqual([1]);
});
