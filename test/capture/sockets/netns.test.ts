import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { countRefused } from '../../../src/capture/sockets/netns.ts';

test('a process whose namespace may not be asked for is counted; one that has ended is not', () => {
  const proc = mkdtempSync(join(tmpdir(), 'finwait-proc-'));
  onTestFinished(() => rmSync(proc, { recursive: true }));
  for (const name of ['1', '2', '3', '4', 'self']) mkdirSync(join(proc, name));
  const codes: Readonly<Record<string, string>> = { 2: 'EACCES', 3: 'ENOENT', 4: 'EPERM', self: 'EACCES' };
  const read = (path: string): string => {
    const code = codes[path.split('/').at(-3) ?? ''];
    if (code !== undefined) throw Object.assign(new Error(path), { code });
    return 'net:[1]';
  };
  expect(countRefused(proc, read)).toBe(2);
});
