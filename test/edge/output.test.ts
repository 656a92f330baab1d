import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { needs, withMounts } from './machine.ts';
import { recordingOf } from './recording.ts';
import { closePaths, expectFault, rowsOf, runFinwait, scratch } from './run-finwait.ts';

const recording = (deaths: number): string => {
  const file = join(scratch(), 'in.fwr');
  writeFileSync(file, recordingOf(deaths));
  return file;
};

/** `node finwait …` as a part of a shell's command line, in which it is "$@". */
const inShell = (command: string): readonly string[] => ['bash', '-c', command, 'bash'];

/** A folder that is, for the program in `within`, a file system of 64 KB. */
const smallDisk = (options = 'size=64k'): { readonly dir: string; readonly within: readonly string[] } => {
  const dir = scratch();
  return { dir, within: withMounts(`mount -t tmpfs -o ${options} none '${dir}'`) };
};

describe.concurrent('a reader of stdout that goes away', () => {
  const HEAD = inShell('set -o pipefail; "$@" | head -n 1');

  test('trace FILE | head -1 ends quietly with 0', async () => {
    const run = await runFinwait(['trace', recording(20_000)], { within: HEAD });
    expect(run.stdout).toMatch(/^ +DYING .*PATH\n$/);
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
  });

  test('a live trace | head -1 stops bpftrace and ends with 0', async (context) => {
    needs(context, 'backend');
    const run = await runFinwait(['trace'], { fake: 'streams.ts', within: HEAD });
    expect(run.stdout).toMatch(/^ +DYING .*PATH\n$/);
    expect(run.code).toBe(0);
  });

  test('2>&1 | head -1 ends without a stack trace, with 0', async (context) => {
    needs(context, 'backend');
    const within = inShell('set -o pipefail; "$@" 2>&1 | head -n 1');
    const run = await runFinwait(['trace'], { fake: 'streams.ts', within });
    expect(run.stdout).toMatch(/^finwait: backend tracepoint/);
    expect(run.code).toBe(0);
  });

  test('of record -o -: exit 1, since the recording is not whole', async (context) => {
    needs(context, 'backend');
    const within = inShell('set -o pipefail; "$@" | head -c 100 >/dev/null');
    const run = await runFinwait(['record', '-o', '-'], { fake: 'streams.ts', within });
    expectFault(run, 1, { what: /stdout cannot be written \(EPIPE\)/, why: /recording ends here/, remedy: /has gone/ });
  });
});

describe.concurrent('a stdout that is full', () => {
  const FULL = { what: /stdout cannot be written \(ENOSPC\)/, why: /the rest of the output is lost/, remedy: /df -h/ };

  test.for([['trace'], ['trace', '--json']])('%j of a recording: exit 1', async (args) => {
    const run = await runFinwait([...args, recording(10)], { stdout: '/dev/full' });
    expectFault(run, 1, FULL);
  });

  test.for(['trace', 'top'])('%s, live: exit 1, and bpftrace is gone', async (command, context) => {
    needs(context, 'backend');
    const run = await runFinwait([command], { fake: 'streams.ts', stdout: '/dev/full' });
    expectFault(run, 1, FULL);
  });

  test('doctor: exit 1', async () => {
    const run = await runFinwait(['doctor'], { stdout: '/dev/full' });
    expectFault(run, 1, FULL);
  });

  test.for([10, 41, 3000])(
    'a disk that fills up in the middle of %d paths: exit 1, never a silent cut',
    async (deaths, context) => {
      needs(context, 'mounts');
      const { dir, within } = smallDisk();
      const file = recording(deaths);
      const toDisk = inShell(`dd if=/dev/zero of='${dir}/fill' bs=1k count=56 status=none; "$@" >'${dir}/out'`);
      const run = await runFinwait(['trace', '--json', file], { within: [...within, ...toDisk] });
      expectFault(run, 1, FULL);
    },
  );

  test('a stderr that is full changes nothing on stdout', async () => {
    const run = await runFinwait(['trace', '--json', recording(10)], { stderr: '/dev/full' });
    expect(closePaths(rowsOf(run))).toHaveLength(10);
    expect(run.code).toBe(0);
  });
});

describe.concurrent('a recording that cannot be written', () => {
  test.for([
    ['in a folder that is not there', 'missing/x.fwr', /ENOENT/, /make the folder first/],
    ['that is a folder', '.', /EISDIR/, /name a file, not a folder/],
    ['below a file', '/etc/passwd/x.fwr', /ENOTDIR/, /choose another place/],
  ] as const)('one %s: exit 1 before anything is traced', async ([, file, what, remedy]) => {
    const run = await runFinwait(['record', '-o', file], { fake: 'streams.ts' });
    expectFault(run, 1, { what, why: /./, remedy });
    expect(run.stderr).not.toMatch(/backend/);
    expect(run.stdout).toBe('');
  });

  test('one on a read-only file system: exit 1', async (context) => {
    needs(context, 'mounts');
    const { dir, within } = smallDisk('ro');
    const run = await runFinwait(['record', '-o', `${dir}/x.fwr`], { fake: 'streams.ts', within });
    expectFault(run, 1, { what: /EROFS/, why: /./, remedy: /read-only: choose another place/ });
  });

  test('trace -o and top -o say the same', async () => {
    for (const command of ['trace', 'top']) {
      const run = await runFinwait([command, '-o', 'missing/x.fwr'], { fake: 'streams.ts' });
      expectFault(run, 1, {
        what: /missing\/x\.fwr cannot be written \(ENOENT\)/,
        why: /./,
        remedy: /make the folder/,
      });
    }
  });

  test('a disk that fills up: exit 1, bpftrace is gone, and what was written can be shown', async (context) => {
    needs(context, 'backend', 'mounts');
    const { dir, within } = smallDisk();
    const copy = join(scratch(), 'copy.fwr');
    const keep = inShell(`"$@"; code=$?; cp '${dir}/x.fwr' '${copy}'; exit $code`);
    const run = await runFinwait(['record', '-o', `${dir}/x.fwr`], {
      fake: 'streams.ts',
      within: [...within, ...keep],
    });
    expectFault(run, 1, { what: /x\.fwr cannot be written \(ENOSPC\)/, why: /can be replayed/, remedy: /df -h/ });
    expect(run.stderr).not.toMatch(/lines recorded/);
    expect(readFileSync(copy).length).toBeGreaterThan(32_768);
    const shown = await runFinwait(['trace', '--json', '-L', '1', copy]);
    expect(shown.stderr).toMatch(/the recording is cut off after \d{3,} lines/);
    expect(rowsOf(shown).at(-1)).toMatchObject({ malformed: 0 });
  });

  test('a full disk that a short recording meets only at its end: exit 1', async (context) => {
    needs(context, 'backend');
    const run = await runFinwait(['record', '-o', '/dev/full', '--duration', '300ms'], { fake: 'chatters.ts' });
    expectFault(run, 1, {
      what: /\/dev\/full cannot be written \(ENOSPC\)/,
      why: /recording ends here; nothing of it was written/,
      remedy: /df -h/,
    });
  });

  test('record -o - onto a full stdout: exit 1', async (context) => {
    needs(context, 'backend');
    const run = await runFinwait(['record', '-o', '-', '--duration', '300ms'], {
      fake: 'chatters.ts',
      stdout: '/dev/full',
    });
    expectFault(run, 1, { what: /stdout cannot be written \(ENOSPC\)/, why: /recording ends here/, remedy: /df -h/ });
  });
});

test.concurrent('record -o - onto a disk that fills up: exit 1, never a silent hole', async (context) => {
  needs(context, 'backend', 'mounts');
  const { dir, within } = smallDisk();
  const toDisk = inShell(`"$@" >'${dir}/out'`);
  const run = await runFinwait(['record', '-o', '-'], { fake: 'streams.ts', within: [...within, ...toDisk] });
  expectFault(run, 1, { what: /stdout cannot be written \(ENOSPC\)/, why: /recording ends here/, remedy: /df -h/ });
});

test.concurrent('record -o - puts the recording on stdout and its words on stderr', async (context) => {
  needs(context, 'backend');
  const file = join(scratch(), 'out.fwr');
  const run = await runFinwait(['record', '-o', '-', '--duration', '300ms'], { fake: 'streams.ts', stdout: file });
  expect(run.code).toBe(0);
  expect(run.stderr).toMatch(/\d+ lines recorded to stdout/);
  const shown = await runFinwait(['trace', '--json', '-L', '1', file]);
  expect(shown.stderr).toMatch(/^finwait: no socket passed -L 1; .*\n$/);
  expect(rowsOf(shown).at(-1)).toMatchObject({ malformed: 0 });
});
