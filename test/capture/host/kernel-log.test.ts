import { execFileSync } from 'node:child_process';
import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  aboutOrphans,
  followKernelLog,
  type KernelLogFollower,
  parseKmsg,
} from '../../../src/capture/host/kernel-log.ts';

const ORPHANS = 'TCP: too many orphaned sockets';
const MEMORY = 'TCP: out of memory -- consider tuning tcp_mem';

describe('a record of /dev/kmsg', () => {
  test('gives who wrote it, when, and what', () => {
    expect(parseKmsg(`6,339,5140900,-;${ORPHANS}\n SUBSYSTEM=net\n DEVICE=+x\n`)).toEqual({
      sequence: 339n,
      facility: 0,
      clockNs: 5_140_900_000n,
      text: ORPHANS,
    });
  });

  test('of a process has a facility that is not the kernel’s', () => {
    expect(parseKmsg('14,347,12556693532,-;forged\n')).toMatchObject({ facility: 1 });
  });

  test('may have more in its prefix than there is today', () => {
    expect(parseKmsg('6,1,7,c,caller=T12,new;text; with; these\n')).toMatchObject({ text: 'text; with; these' });
  });

  test.each(['', '\n', 'text', '6,1,;x', '6,1,1,-', '-1,1,1,-;x', '6,1,99999999999999999999,-;x'])(
    'that is none is passed over: %j',
    (record) => {
      expect(parseKmsg(record)).toBeNull();
    },
  );

  test('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (record) => parseKmsg(record) !== undefined));
  });
});

test.each([
  [ORPHANS, 'orphans'],
  [MEMORY, 'memory'],
  ['TCP: request_sock_TCP: Possible SYN flooding on port 80.', null],
  ['Out of memory: Killed process 1 (x)', null],
  // The kernel logs names that anybody chooses; a line break in one is `\x0a` in /dev/kmsg.
  [`too many orphan[7]: segfault at 0 ip 0 sp 0 error 4 in too many orphaned sockets[400000+1000]`, null],
  [`x[7]: segfault at 0 ip 0 sp 0 error 4 in ${ORPHANS}[400000+1000]`, null],
  [` in \\x0a${ORPHANS}\\x0a[400000+1000] likely on CPU 0 (core 0, socket 0)`, null],
  [`x[7]: segfault at 0 ip 0 sp 0 error 4 in ${MEMORY}`, null],
  [`${ORPHANS}[7]: segfault at 0`, null],
  [`${MEMORY} `, null],
  ['too many orphaned sockets', null],
  [`MPTCP: too many orphaned sockets`, null],
])('%j is about %s', (text, about) => {
  expect(aboutOrphans(text)).toBe(about);
});

describe('following', () => {
  const dirs: string[] = [];
  const followers: KernelLogFollower[] = [];
  afterEach(() => {
    for (const follower of followers.splice(0)) follower.stop();
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
  });
  /** A pipe gives what was written at once: a test polls after each record, as /dev/kmsg gives one a read. */
  const follow = () => {
    const dir = mkdtempSync(join(tmpdir(), 'finwait-kmsg-'));
    dirs.push(dir);
    const path = join(dir, 'kmsg');
    execFileSync('mkfifo', [path]);
    const lines: string[] = [];
    const time = { now: 1_000_000_000n };
    const keeper = openSync(path, 'r+');
    const log = followKernelLog({ clock: { now: () => time.now }, put: (line) => lines.push(line), path });
    followers.push(log, { ...log, stop: () => closeSync(keeper) });
    const write = (record: string, now: bigint): void => {
      appendFileSync(path, record);
      time.now = now;
      log.poll();
    };
    return { log, lines, write };
  };

  test('puts what is about orphans and nothing else', () => {
    const { lines, write } = follow();
    write('6,1,1200000,-;eth0: link is up\n', 1_300_000_000n);
    write(`6,2,1400000,-;${ORPHANS}\n`, 1_500_000_000n);
    write(`6,3,1500000,-;x[7]: segfault at 0 ip 0 sp 0 error 4 in ${ORPHANS}[400000+1000]\n`, 1_600_000_000n);
    write(`14,4,1600000,-;${MEMORY}\n`, 1_700_000_000n);
    expect(lines).toEqual([`m 1500000000 100000000 orphans 0 ${ORPHANS}`, `m 1700000000 100000000 memory 1 ${MEMORY}`]);
  });

  test('records that were overwritten before they were read are counted, once', () => {
    const { lines, write } = follow();
    write('6,7,1200000,-;eth0: link is up\n', 1_300_000_000n);
    write('6,8,1300000,-;eth0: link is down\n', 1_400_000_000n);
    expect(lines).toEqual([]);
    write('6,4009,1400000,-;eth0: link is up\n', 1_500_000_000n);
    write('6,4010,1500000,-;eth0: link is down\n', 1_600_000_000n);
    expect(lines).toEqual([expect.stringMatching(/^n 1500000000 4000 records were overwritten in the kernel's log/)]);
  });

  test('a clock that lags is moved between the polls, and stays corrected', () => {
    const { lines, write } = follow();
    // printk's clock is 10 s behind: the record came after the poll at 1 s.
    write(`6,1,0,-;${ORPHANS}\n`, 1_500_000_000n);
    write(`6,2,700000,-;${ORPHANS}\n`, 2_000_000_000n);
    expect(lines).toEqual([
      `m 1500000000 500000000 orphans 0 ${ORPHANS}`,
      `m 2000000000 300000000 orphans 0 ${ORPHANS}`,
    ]);
  });

  test('a clock that is ahead is not believed: nothing is logged later than it is read', () => {
    const { lines, write } = follow();
    write(`6,1,99000000,-;${ORPHANS}\n`, 1_500_000_000n);
    expect(lines).toEqual([`m 1500000000 0 orphans 0 ${ORPHANS}`]);
  });

  test('control characters of a record do not reach the stream', () => {
    const { lines, write } = follow();
    write(`6,1,1400000,-;${ORPHANS}\u001b[2J\r\n`, 1_500_000_000n);
    write(`6,2,1400000,-;${ORPHANS}\n \u001b[2J\u009d0;x\n`, 1_600_000_000n);
    expect(lines).toEqual([expect.stringMatching(/^m [ -~]+$/)]);
  });
});

test('what the log held before is counted with its age, and is not put; what a process wrote is not counted', () => {
  const dir = mkdtempSync(join(tmpdir(), 'finwait-kmsg-'));
  const path = join(dir, 'kmsg');
  writeFileSync(path, `6,1,1000000,-;${ORPHANS}\n`);
  const lines: string[] = [];
  const log = followKernelLog({ clock: { now: () => 61_000_000_000n }, put: (line) => lines.push(line), path });
  expect(lines).toEqual([]);
  expect(log.before('orphans')).toEqual({ count: 1, newest_ms: 60_000 });
  expect(log.before('memory')).toEqual({ count: 0, newest_ms: null });
  log.stop();
  writeFileSync(path, `14,1,1000000,-;${ORPHANS}\n`);
  const forged = followKernelLog({ clock: { now: () => 61_000_000_000n }, put: (line) => lines.push(line), path });
  expect(forged.before('orphans')).toEqual({ count: 0, newest_ms: null });
  forged.stop();
  rmSync(dir, { recursive: true });
});

test('a log that cannot be read is said once, and unknown from then on', () => {
  const lines: string[] = [];
  const log = followKernelLog({ clock: { now: () => 5n }, put: (line) => lines.push(line), path: '/nonexistent/kmsg' });
  log.poll();
  log.poll();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^n 5 the kernel's log cannot be read/);
  expect(log.isReadable()).toBe(false);
  expect(log.before('orphans')).toBeNull();
  log.stop();
});
