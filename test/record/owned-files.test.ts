import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, type TestContext, test } from 'vitest';
import { Fault } from '../../src/kernel/fault.ts';
import { readRecording } from '../../src/record/reader.ts';
import { openRecording, type RecordingWriter } from '../../src/record/writer.ts';
import { aMeta } from '../builders/meta.ts';

const SOMEBODY = 65_534;
const OLD = 'what stood here before';

let dir = '';
let before = 0o022;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'finwait-owned-'));
  before = process.umask();
});
afterEach(() => {
  process.umask(before);
  delete process.env['SUDO_UID'];
  delete process.env['SUDO_GID'];
  rmSync(dir, { recursive: true });
});

const needsRoot = (context: TestContext): void => {
  if (process.getuid?.() === 0) return;
  process.stderr.write(`skipped: ${context.task.name}: not root\n`);
  context.skip('not root');
};

const open = (path: string): Promise<RecordingWriter> => openRecording(path, () => {});
const recordTo = async (path: string): Promise<void> => {
  const recording = await open(path);
  recording.start(aMeta());
  await recording.end();
};
const modeOf = (path: string): number => statSync(path).mode & 0o7777;

/** The fault with which it refuses; within a second, since a FIFO would hold it for ever. */
const refusal = async (path: string): Promise<Fault> => {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error('it hangs')), 1000).unref();
  });
  const outcome = await Promise.race([open(path), late]).then(
    (recording) => recording.discard().then(() => new Error('it was opened')),
    (error: unknown) => error,
  );
  if (!(outcome instanceof Fault)) throw outcome;
  expect(outcome.exitCode).toBe(1);
  expect(outcome.remedy).not.toBe('');
  return outcome;
};

/** A folder of another user, which its owner may change at any time. */
const theirFolder = (): string => {
  const path = join(dir, 'theirs');
  mkdirSync(path);
  chmodSync(dir, 0o755);
  chownSync(path, SOMEBODY, SOMEBODY);
  return path;
};

describe('is not written, nor emptied, nor waited for', () => {
  test('a symbolic link: its target stays, and is named', async () => {
    const target = join(dir, 'precious');
    writeFileSync(target, OLD);
    symlinkSync(target, join(dir, 'x.fwr'));
    const fault = await refusal(join(dir, 'x.fwr'));
    expect(fault.message).toMatch(/x\.fwr is a symbolic link/);
    expect(fault.remedy).toContain(target);
    expect(readFileSync(target, 'utf8')).toBe(OLD);
  });

  test('a symbolic link to nothing: its target is not made', async () => {
    symlinkSync(join(dir, 'made'), join(dir, 'x.fwr'));
    expect((await refusal(join(dir, 'x.fwr'))).message).toMatch(/symbolic link/);
    expect(existsSync(join(dir, 'made'))).toBe(false);
  });

  test('a FIFO', async () => {
    execFileSync('mkfifo', [join(dir, 'x.fwr')]);
    const fault = await refusal(join(dir, 'x.fwr'));
    expect(fault.message).toMatch(/is a FIFO/);
    expect(fault.remedy).toContain('-o - >');
  });

  test('a socket', async () => {
    const server = createServer().listen(join(dir, 'x.fwr'));
    await new Promise((resolve) => server.once('listening', resolve));
    const fault = await refusal(join(dir, 'x.fwr')).finally(() => server.close());
    expect(fault.message).toMatch(/is a socket/);
  });

  test('a device other than /dev/null and /dev/full', async () => {
    expect((await refusal('/dev/zero')).message).toMatch(/\/dev\/zero is a device/);
    await recordTo('/dev/null');
  });

  test('a descriptor under its name in /dev', async () => {
    for (const path of ['/dev/fd/63', '/dev/stderr', '/proc/self/fd/2']) {
      const fault = await refusal(path);
      expect(fault.message).toMatch(/is an open descriptor/);
      expect(fault.remedy).toContain('-o - >');
    }
  });

  test("another user's file", async (context) => {
    needsRoot(context);
    const path = join(dir, 'x.fwr');
    writeFileSync(path, OLD);
    chownSync(path, SOMEBODY, SOMEBODY);
    expect((await refusal(path)).message).toMatch(/belongs to another user \(uid 65534\)/);
    expect(readFileSync(path, 'utf8')).toBe(OLD);
    expect(statSync(path).uid).toBe(SOMEBODY);
  });

  test('a file with a second name', async () => {
    writeFileSync(join(dir, 'precious'), OLD);
    linkSync(join(dir, 'precious'), join(dir, 'x.fwr'));
    expect((await refusal(join(dir, 'x.fwr'))).message).toMatch(/has 2 names \(hard links\)/);
    expect(readFileSync(join(dir, 'precious'), 'utf8')).toBe(OLD);
  });

  test("what a link in another user's folder leads to", async (context) => {
    needsRoot(context);
    const theirs = theirFolder();
    mkdirSync(join(dir, 'ours'));
    writeFileSync(join(dir, 'ours', 'x.fwr'), OLD);
    symlinkSync(join(dir, 'ours'), join(theirs, 'out'));
    const fault = await refusal(join(theirs, 'out', 'x.fwr'));
    expect(fault.message).toMatch(/out is a symbolic link that another user can change/);
    expect(readFileSync(join(dir, 'ours', 'x.fwr'), 'utf8')).toBe(OLD);
    // Also where the link itself is root's, since its owner may put another in its place.
    expect(lstatSync(join(theirs, 'out')).uid).toBe(0);
  });

  test("what another user's link in /tmp leads to", async (context) => {
    needsRoot(context);
    const sticky = join(dir, 'tmp');
    mkdirSync(sticky);
    chmodSync(sticky, 0o1777);
    mkdirSync(join(dir, 'ours'));
    symlinkSync(join(dir, 'ours'), join(sticky, 'out'));
    execFileSync('chown', ['-h', String(SOMEBODY), join(sticky, 'out')]);
    expect((await refusal(join(sticky, 'out', 'x.fwr'))).message).toMatch(/that another user can change/);
    expect(existsSync(join(dir, 'ours', 'x.fwr'))).toBe(false);
  });
});

describe('is written', () => {
  test('through a link of our own, in folders of our own, relative ones and `..` among them', async () => {
    mkdirSync(join(dir, 'a', 'b'), { recursive: true });
    symlinkSync('../a/./b', join(dir, 'a', 'link'));
    symlinkSync(join(dir, 'a', 'link'), join(dir, 'far'));
    await recordTo(`${dir}/far/../b/..//./link/x.fwr`);
    expect(statSync(join(dir, 'a', 'b', 'x.fwr')).size).toBeGreaterThan(0);
  });

  test("in another user's folder, as a file of our own", async (context) => {
    needsRoot(context);
    const theirs = theirFolder();
    await recordTo(join(theirs, 'x.fwr'));
    expect(statSync(join(theirs, 'x.fwr'))).toMatchObject({ uid: 0, gid: 0 });
  });

  test('over an older recording of our own, from its start', async () => {
    const path = join(dir, 'x.fwr');
    writeFileSync(path, OLD.repeat(1000));
    await recordTo(path);
    expect(readFileSync(path).subarray(0, 4)).toEqual(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]));
    expect(statSync(path).size).toBeLessThan(OLD.length * 1000);
  });

  test('but not where links lead in a circle', async () => {
    symlinkSync('b', join(dir, 'a'));
    symlinkSync('a', join(dir, 'b'));
    expect((await refusal(join(dir, 'a', 'x.fwr'))).message).toMatch(/ELOOP/);
  });
});

describe('only its owner can read it', () => {
  test.each([0o000, 0o022, 0o777])('whatever the umask: %o', async (mask) => {
    process.umask(mask);
    const recording = await open(join(dir, 'x.fwr'));
    expect(modeOf(join(dir, 'x.fwr'))).toBe(0o600);
    recording.start(aMeta());
    await recording.end();
    expect(modeOf(join(dir, 'x.fwr'))).toBe(0o600);
  });

  test('also where it was there before, for all to read', async () => {
    const path = join(dir, 'x.fwr');
    writeFileSync(path, OLD);
    chmodSync(path, 0o666);
    await recordTo(path);
    expect(modeOf(path)).toBe(0o600);
  });

  test('/dev/null keeps its mode', async () => {
    const mode = modeOf('/dev/null');
    await recordTo('/dev/null');
    expect(modeOf('/dev/null')).toBe(mode);
  });
});

describe('under sudo', () => {
  const bySudo = (uid: string, gid: string): void => {
    process.env['SUDO_UID'] = uid;
    process.env['SUDO_GID'] = gid;
  };

  test('a new file belongs to the user who called it', async (context) => {
    needsRoot(context);
    bySudo('1234', '5678');
    await recordTo(join(dir, 'x.fwr'));
    expect(statSync(join(dir, 'x.fwr'))).toMatchObject({ uid: 1234, gid: 5678 });
    expect(modeOf(join(dir, 'x.fwr'))).toBe(0o600);
    // Theirs now, and written again.
    await recordTo(join(dir, 'x.fwr'));
    expect(statSync(join(dir, 'x.fwr'))).toMatchObject({ uid: 1234, gid: 5678 });
  });

  test("an older file of root's stays root's; one of a third user is not written", async (context) => {
    needsRoot(context);
    bySudo('1234', '5678');
    writeFileSync(join(dir, 'x.fwr'), OLD);
    await recordTo(join(dir, 'x.fwr'));
    expect(statSync(join(dir, 'x.fwr'))).toMatchObject({ uid: 0, gid: 0 });
    writeFileSync(join(dir, 'y.fwr'), OLD);
    chownSync(join(dir, 'y.fwr'), SOMEBODY, SOMEBODY);
    expect((await refusal(join(dir, 'y.fwr'))).message).toMatch(/another user/);
  });

  test.for([
    ['1234', ''],
    ['1234 ', '5'],
    ['-1', '5'],
    ['0x7', '5'],
    ['4294967295', '5'],
    ['1e3', '5'],
    ['007', '5'],
  ])("SUDO_UID=%j SUDO_GID=%j is none: the file is root's", async ([uid = '', gid = ''], context) => {
    needsRoot(context);
    bySudo(uid, gid);
    await recordTo(join(dir, 'x.fwr'));
    expect(statSync(join(dir, 'x.fwr'))).toMatchObject({ uid: 0, gid: 0 });
  });
});

describe('discard', () => {
  test("removes the new file, and nothing that stands in its folder's place by then", async () => {
    mkdirSync(join(dir, 'out'));
    mkdirSync(join(dir, 'precious'));
    writeFileSync(join(dir, 'precious', 'x.fwr'), OLD);
    const recording = await open(join(dir, 'out', 'x.fwr'));
    renameSync(join(dir, 'out'), join(dir, 'moved'));
    symlinkSync(join(dir, 'precious'), join(dir, 'out'));
    await recording.discard();
    expect(readFileSync(join(dir, 'precious', 'x.fwr'), 'utf8')).toBe(OLD);
    expect(existsSync(join(dir, 'moved', 'x.fwr'))).toBe(false);
  });

  test('leaves another file that stands under its name by then', async () => {
    const path = join(dir, 'x.fwr');
    const recording = await open(path);
    renameSync(path, join(dir, 'moved'));
    writeFileSync(path, OLD);
    await recording.discard();
    expect(readFileSync(path, 'utf8')).toBe(OLD);
  });

  test('does not mind that the file has gone', async () => {
    const recording = await open(join(dir, 'x.fwr'));
    rmSync(join(dir, 'x.fwr'));
    await recording.discard();
  });

  test('leaves an older recording as it was', async () => {
    const path = join(dir, 'x.fwr');
    writeFileSync(path, OLD);
    await (await open(path)).discard();
    expect(readFileSync(path, 'utf8')).toBe(OLD);
  });
});

test('no descriptor stays open behind a recording', async () => {
  const count = (): number => Number(execFileSync('sh', ['-c', `ls /proc/${process.pid}/fd | wc -l`]));
  await recordTo(join(dir, 'x.fwr'));
  const first = count();
  const times = 8;
  for (let i = 0; i < times; i++) {
    await recordTo(join(dir, 'x.fwr'));
    await (await open(join(dir, 'y.fwr'))).discard();
    await open(join(dir, 'none', 'x.fwr')).catch(() => undefined);
    await open('/dev/zero').catch(() => undefined);
  }
  // A descriptor left behind each time makes eight more. On a busy machine they close some time later; the runner has some too.
  await expect.poll(count, { timeout: 10_000 }).toBeLessThan(first + times);
});

describe('a file that another finwait records to', () => {
  test('is refused, and nothing of it changes, whether it was there before or not', async () => {
    const path = join(dir, 'x.fwr');
    for (const _ of [1, 2]) {
      const first = await open(path);
      first.start(aMeta());
      const fault = await refusal(path);
      expect(fault.message).toMatch(/x\.fwr is in use: another finwait records to it/);
      expect(fault.remedy).toContain('-o');
      first.write('C 1');
      await first.end();
      const lines: string[] = [];
      await readRecording(path, {
        signal: new AbortController().signal,
        onMeta: () => {},
        onLine: (line) => void lines.push(line),
      });
      expect(lines).toEqual(['C 1']);
    }
  });

  test('is free again when the other one has nothing to record, and is gone by then', async () => {
    const path = join(dir, 'x.fwr');
    const first = await open(path);
    await refusal(path);
    await first.discard();
    expect(existsSync(path)).toBe(false);
    await recordTo(path);
    expect(existsSync(path)).toBe(true);
  });
});
