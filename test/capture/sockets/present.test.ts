import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { whoIsMissing } from '../../../src/capture/sockets/present.ts';

const places: string[] = [];
afterEach(() => {
  for (const place of places.splice(0)) rmSync(place, { recursive: true });
});

/** A /proc with these processes, from pid 1 on. */
const procOf = (names: readonly string[], first = 1, pidNamespace = 'pid:[4026531836]'): string => {
  const proc = mkdtempSync(join(tmpdir(), 'finwait-proc-'));
  places.push(proc);
  mkdirSync(join(proc, 'self/ns'), { recursive: true });
  symlinkSync(pidNamespace, join(proc, 'self/ns/pid'));
  for (const [index, name] of names.entries()) {
    mkdirSync(join(proc, String(first + index)));
    writeFileSync(join(proc, String(first + index), 'comm'), `${name}\n`);
  }
  return proc;
};

test('a pid that no process has, and a name, with those that are like it', () => {
  const proc = procOf(['systemd', 'orders-api', 'orders-worker', 'nginx', 'nginx']);
  expect(whoIsMissing({ pid: 2, comm: null }, proc)).toBeNull();
  expect(whoIsMissing({ pid: 999_999, comm: null }, proc)).toBe('no process had the pid 999999 at the start');
  expect(whoIsMissing({ pid: null, comm: 'nginx' }, proc)).toBeNull();
  expect(whoIsMissing({ pid: null, comm: 'orders' }, proc)).toBe(
    'no process was called orders at the start (but orders-api, orders-worker)',
  );
  expect(whoIsMissing({ pid: null, comm: 'Nginx' }, proc)).toBe('no process was called Nginx at the start (but nginx)');
  expect(whoIsMissing({ pid: null, comm: 'caddy' }, proc)).toBe('no process was called caddy at the start');
});

test('nothing is said where nobody asks, or where not all processes are to be seen', () => {
  const asked = { pid: 9, comm: null };
  expect(whoIsMissing({ pid: null, comm: null }, procOf(['systemd']))).toBeNull();
  expect(whoIsMissing(asked, procOf(['sh'], 1, 'pid:[4026532000]'))).toBeNull();
  // hidepid=2 hides the processes of others, the first one among them.
  expect(whoIsMissing(asked, procOf(['sh'], 700))).toBeNull();
  expect(whoIsMissing(asked, procOf(['systemd']))).toBe('no process had the pid 9 at the start');
});
