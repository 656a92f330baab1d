import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { needs } from './machine.ts';
import { closePaths, expectFault, rowsOf, runFinwait, START_MS, scratch, startFinwait, until } from './run-finwait.ts';
import { seenByAll } from './seen-by-all.ts';

const OLD = 'what stood here before';
const WHY = /nobody else can have put there/;

describe.concurrent('-o names what is no file of our own: exit 1 at once, before anything is traced', () => {
  test.for(['record', 'trace', 'explain', 'top'])('%s: a FIFO that nobody reads', async (command) => {
    const fifo = join(scratch(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    const run = await runFinwait([command, '-o', fifo], { fake: 'streams.ts' });
    expectFault(run, 1, { what: /fifo is a FIFO/, why: WHY, remedy: /finwait record -o - >/ });
    expect(run.stderr).not.toMatch(/backend/);
    expect(run.ms).toBeLessThan(10_000);
  });

  test('a symbolic link', async () => {
    const dir = scratch();
    writeFileSync(join(dir, 'precious'), OLD);
    symlinkSync('precious', join(dir, 'x.fwr'));
    const run = await runFinwait(['record', '-o', join(dir, 'x.fwr')], { fake: 'streams.ts' });
    expectFault(run, 1, { what: /is a symbolic link/, why: WHY, remedy: /name the file itself: -o precious/ });
    expect(readFileSync(join(dir, 'precious'), 'utf8')).toBe(OLD);
  });

  test("another user's file", async (context) => {
    needs(context, 'root');
    const file = join(scratch(), 'x.fwr');
    writeFileSync(file, OLD);
    chownSync(file, 65_534, 65_534);
    const run = await runFinwait(['record', '-o', file], { fake: 'streams.ts' });
    expectFault(run, 1, { what: /belongs to another user/, why: WHY, remedy: /rm / });
    expect(readFileSync(file, 'utf8')).toBe(OLD);
  });

  test("root's file, of a finwait that is not root", async (context) => {
    needs(context, 'root', 'setpriv');
    const file = join(scratch(), 'x.fwr');
    writeFileSync(file, OLD);
    chmodSync(file, 0o666);
    // Without the right to trace it would not come to the file.
    const rights = ['--inh-caps=+sys_admin', '--ambient-caps=+sys_admin'];
    const within = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...rights];
    const run = await runFinwait(['record', '-o', file], { fake: 'streams.ts', within });
    expectFault(run, 1, { what: /belongs to another user \(uid 0\)/, why: WHY, remedy: /rm / });
  });
});

test('a folder that is swapped while the probes attach: nothing in the other one is removed', async (context) => {
  needs(context, 'backend');
  const dir = scratch();
  for (const name of ['out', 'precious']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'precious', 'x.fwr'), OLD);
  const running = startFinwait(['record', '-o', join(dir, 'out', 'x.fwr')], { fake: 'never-attaches.ts' });
  await until(() => running.fakes().length > 0, START_MS);
  renameSync(join(dir, 'out'), join(dir, 'moved'));
  symlinkSync('precious', join(dir, 'out'));
  running.kill('SIGINT');
  expect((await running.done).code).toBe(0);
  expect(readFileSync(join(dir, 'precious', 'x.fwr'), 'utf8')).toBe(OLD);
  expect(existsSync(join(dir, 'moved', 'x.fwr'))).toBe(false);
});

test.for(['0', '022'])(
  'a recording made under umask %s: for its owner alone, whom sudo names',
  async (mask, context) => {
    needs(context, 'backend');
    const { seenAt, within } = seenByAll(context);
    const dir = scratch();
    chownSync(dir, 1234, 5678);
    const file = join(dir, 'x.fwr');
    const run = await runFinwait(['record', '-o', file, '--duration', '300ms'], {
      fake: 'streams.ts',
      seenAt,
      within: [...within, 'sh', '-c', `umask ${mask}; exec "$@"`, 'sh'],
      env: { SUDO_UID: '1234', SUDO_GID: '5678' },
    });
    expect(run.code).toBe(0);
    const { mode, uid, gid } = statSync(file);
    expect({ mode: mode & 0o7777, uid, gid }).toEqual({ mode: 0o600, uid: 1234, gid: 5678 });
  },
);

test('/dev/stdout is stdout', async (context) => {
  needs(context, 'backend');
  const file = join(scratch(), 'out.fwr');
  const setting = { fake: 'streams.ts', stdout: file };
  const run = await runFinwait(['record', '-o', '/dev/stdout', '--duration', '300ms'], setting);
  expect(run.code).toBe(0);
  expect(run.stderr).toMatch(/\d+ lines recorded to stdout/);
  expect(closePaths(rowsOf(await runFinwait(['trace', '--json', file]))).length).toBeGreaterThan(100);
});

test('no address of the kernel is in a recording, nor in JSON, be its line torn or no line at all', async (context) => {
  needs(context, 'backend');
  const seen = { stream: '', recording: '' };
  for (const [i, fake] of ['streams.ts', 'tears-a-line.ts', 'prints-garbage.ts', 'chatters.ts'].entries()) {
    const file = join(scratch(), `${i}.fwr`);
    const run = await runFinwait(['trace', '--json', '-o', file, '--duration', '300ms'], {
      fake,
      env: { FAKE_STDOUT: '@young[18446612687344154496]: 1\n@young[0xffff888104799bc0]: 1' },
    });
    seen.stream += run.stdout;
    seen.recording += zstdDecompressSync(readFileSync(file)).toString();
  }
  for (const text of Object.values(seen)) expect(text).not.toMatch(/ffff8[0-9a-f]{3}|18446612/);
  expect(seen.recording.match(/^A \d+ [0-7][0-9a-f]{15} /gm)?.length).toBeGreaterThan(100);
  expect(seen.stream.match(/"sk":"[0-7][0-9a-f]{15}"/g)?.length).toBeGreaterThan(100);
});
