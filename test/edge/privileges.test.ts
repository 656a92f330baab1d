import { chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, type TestContext, test } from 'vitest';
import { KEPT, maskOf, READER_KEPT } from '../../src/capture/bpftrace/kept-rights.ts';
import { needs } from './machine.ts';
import { recordingOf } from './recording.ts';
import {
  closePaths,
  expectFault,
  expectNothingLeft,
  isAlive,
  type Running,
  rowsOf,
  runFinwait,
  type Setting,
  START_MS,
  scratch,
  startFinwait,
  until,
} from './run-finwait.ts';
import { seenByAll } from './seen-by-all.ts';

const RECORDING = /recording to/;
/** nobody: a user that every machine has, and nobody's other processes matter to it. */
const INVOKER = 65_534;
const ENV = { SUDO_UID: String(INVOKER), SUDO_GID: String(INVOKER) };

/** The setting that `sudo finwait …` of that user gives it. */
const bySudo = (context: TestContext, setting: Setting = {}): Setting => ({
  ...setting,
  ...seenByAll(context),
  env: { ...setting.env, ...ENV },
});

/** A folder of that user's own. */
const ownFolder = (): string => {
  const dir = scratch();
  chownSync(dir, INVOKER, INVOKER);
  return dir;
};

type Rights = {
  readonly uids: string;
  readonly gids: string;
  readonly groups: string;
  readonly permitted: bigint;
  readonly noNewPrivs: string;
};

const rightsOf = (pid: number): Rights => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): string => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';
  return {
    uids: field('Uid').replaceAll('\t', ' '),
    gids: field('Gid').replaceAll('\t', ' '),
    groups: field('Groups'),
    permitted: BigInt(`0x${field('CapPrm')}`),
    noNewPrivs: field('NoNewPrivs'),
  };
};

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

/** The reader of a finwait whose bpftrace has started. */
const readerOf = (running: Running): number => {
  const [reader, ...others] = childrenOf(running.pid);
  expect(others).toEqual([]);
  if (reader === undefined) throw new Error('finwait has no child');
  return reader;
};

const INVOKERS = {
  uids: Array(4).fill(INVOKER).join(' '),
  gids: Array(4).fill(INVOKER).join(' '),
  groups: String(INVOKER),
  permitted: 0n,
};

describe.concurrent('live, by sudo', () => {
  test('finwait is the user, and the reader and bpftrace keep what they need', async (context) => {
    needs(context, 'backend', 'setpriv');
    const file = join(ownFolder(), 'x.fwr');
    const running = startFinwait(['record', '-o', file], bySudo(context, { fake: 'streams.ts' }));
    await running.says(RECORDING);
    expect(rightsOf(running.pid)).toMatchObject(INVOKERS);
    const reader = rightsOf(readerOf(running));
    expect(reader).toMatchObject({ uids: '0 0 0 0', noNewPrivs: '1' });
    expect(reader.permitted & ~maskOf(READER_KEPT)).toBe(0n);
    const [bpftrace = 0] = running.fakes();
    const traced = rightsOf(bpftrace);
    expect(traced.noNewPrivs).toBe('1');
    expect(traced.permitted & ~maskOf(KEPT)).toBe(0n);
    running.kill('SIGINT');
    expect((await running.done).code).toBe(0);
    expectNothingLeft(running);
    const { uid, gid } = statSync(file);
    expect({ uid, gid }).toEqual({ uid: INVOKER, gid: INVOKER });
  });

  test.for(['top', 'trace', 'explain'])('%s too', async (command, context) => {
    needs(context, 'backend');
    const running = startFinwait([command, '--duration', '30s'], bySudo(context, { fake: 'streams.ts' }));
    await until(() => running.fakes().length > 0, START_MS);
    expect(rightsOf(running.pid)).toMatchObject(INVOKERS);
    running.kill('SIGINT');
    expect((await running.done).code).toBe(0);
    expectNothingLeft(running);
  });

  test('a file where that user may not write: exit 1, whose rights it has, and nothing is traced', async (context) => {
    needs(context, 'backend');
    const dir = scratch();
    const run = await runFinwait(['record', '-o', join(dir, 'x.fwr')], bySudo(context, { fake: 'streams.ts' }));
    expectFault(run, 1, {
      what: /x\.fwr cannot be written \(EACCES\)/,
      why: /as uid 65534, who called sudo/,
      remedy: /sudo env -u SUDO_UID finwait/,
    });
    expect(run.stderr).not.toMatch(/backend/);
    expect(existsSync(join(dir, 'x.fwr'))).toBe(false);
  });

  test('SIGKILL: the reader and bpftrace are gone within 1 s, although they are not of that user', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['trace'], bySudo(context, { fake: 'goes-silent.ts' }));
    await running.prints(/DYING/);
    const reader = readerOf(running);
    running.kill('SIGKILL');
    await until(() => !running.fakes().some(isAlive) && !isAlive(reader), 1000);
    expect(running.fakes()).toHaveLength(1);
  });

  test('a second SIGINT ends all three at once', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['trace'], bySudo(context, { fake: 'ignores-sigint.ts' }));
    await running.prints(/DYING/);
    const reader = readerOf(running);
    running.kill('SIGINT');
    await sleep(300);
    running.kill('SIGINT');
    expect((await running.done).code).toBe(130);
    await until(() => !running.fakes().some(isAlive) && !isAlive(reader), 1000);
  });

  test('what it records to stdout another finwait reads, without root', async (context) => {
    needs(context, 'backend', 'setpriv');
    const out = join(ownFolder(), 'out');
    const setting = bySudo(context, { fake: 'streams.ts', stdout: out });
    const run = await runFinwait(['record', '-o', '-', '--duration', '1s'], setting);
    expect(run.code).toBe(0);
    const { seenAt, within } = seenByAll(context);
    const nobody = ['setpriv', `--reuid=${INVOKER}`, `--regid=${INVOKER}`, '--clear-groups'];
    const read = await runFinwait(['trace', '--json', '-'], {
      seenAt,
      within: [...within, ...nobody],
      input: readFileSync(out),
    });
    expect(read.code).toBe(0);
    expect(read.stderr).toBe('');
    expect(closePaths(rowsOf(read)).length).toBeGreaterThan(100);
  });

  test('a reader that is killed takes bpftrace with it: exit 1, and the recording says when', async (context) => {
    needs(context, 'backend', 'setpriv');
    const file = join(ownFolder(), 'x.fwr');
    const running = startFinwait(['record', '-o', file], bySudo(context, { fake: 'streams.ts' }));
    await running.says(RECORDING);
    await sleep(500);
    process.kill(readerOf(running), 'SIGKILL');
    await until(() => !running.fakes().some(isAlive), 1000);
    const run = await running.done;
    expectFault(run, 1, {
      what: /finwait's reader ended by itself \(SIGKILL\)/,
      why: /events after that moment are not known/,
      remedy: /dmesg/,
    });
    expectNothingLeft(running);
    const shown = await runFinwait(['trace', '--json', file]);
    expect(shown.stderr).toMatch(/finwait's reader ended by itself \(SIGKILL\)/);
    expect(shown.stderr).not.toMatch(/cut off/);
    expect(rowsOf(shown).at(-1)).toMatchObject({ lost_events: 0 });
  });

  test('SIGTERM to all three at once, as systemd stops a service, is no fault of any', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['record', '-o', '/dev/null'], bySudo(context, { fake: 'streams.ts' }));
    await running.says(RECORDING);
    for (const pid of [...running.fakes(), readerOf(running), running.pid]) process.kill(pid, 'SIGTERM');
    const run = await running.done;
    expect(run.stderr).not.toMatch(/ended by itself/);
    expect(run.code).toBe(0);
    expectNothingLeft(running);
  });

  test('nor is it where the order to stop comes while the last lines still wait to be read', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['record', '-o', '/dev/null'], bySudo(context, { fake: 'streams.ts' }));
    await running.says(RECORDING);
    // The end waits behind lines that are not read yet, and the order comes before they are.
    running.kill('SIGSTOP');
    await sleep(150);
    for (const pid of [...running.fakes(), readerOf(running)]) process.kill(pid, 'SIGTERM');
    await sleep(500);
    running.kill('SIGTERM');
    running.kill('SIGCONT');
    const run = await running.done;
    expect(run.stderr).not.toMatch(/ended by itself/);
    expect(run.code).toBe(0);
    expectNothingLeft(running);
  });

  test('a finwait that takes no lines for a while says so afterwards', async (context) => {
    needs(context, 'backend');
    const count = join(ownFolder(), 'count');
    const running = startFinwait(
      ['record', '-o', '/dev/null'],
      bySudo(context, { fake: 'floods.ts', env: { FAKE_COUNT: count } }),
    );
    await running.says(RECORDING);
    running.kill('SIGSTOP');
    await sleep(1500);
    running.kill('SIGCONT');
    await running.says(/finwait itself was stalled for \d+ ms/, 20_000);
    running.kill('SIGINT');
    expect((await running.done).code).toBe(0);
    expectNothingLeft(running);
  });
});

describe.concurrent('live, by root without sudo', () => {
  test('finwait stays root in one process, and bpftrace is confined all the same', async (context) => {
    needs(context, 'backend', 'setpriv');
    const running = startFinwait(['record', '-o', '/dev/null'], { fake: 'streams.ts' });
    await running.says(RECORDING);
    expect(rightsOf(running.pid).uids).toBe('0 0 0 0');
    const [bpftrace = 0] = running.fakes();
    expect(childrenOf(running.pid)).toContain(bpftrace);
    const traced = rightsOf(bpftrace);
    expect(traced.noNewPrivs).toBe('1');
    expect(traced.permitted & ~maskOf(KEPT)).toBe(0n);
    running.kill('SIGINT');
    expect((await running.done).code).toBe(0);
  });

  test('SIGTERM to both at once, as systemd stops a service, is no fault of any', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['record', '-o', '/dev/null'], { fake: 'streams.ts' });
    await running.says(RECORDING);
    for (const pid of [...running.fakes(), running.pid]) process.kill(pid, 'SIGTERM');
    const run = await running.done;
    expect(run.stderr).not.toMatch(/ended by itself/);
    expect(run.code).toBe(0);
    expectNothingLeft(running);
  });

  test('a finwait that was stopped for a while says so afterwards', async (context) => {
    needs(context, 'backend');
    const running = startFinwait(['record', '-o', '/dev/null'], { fake: 'streams.ts' });
    await running.says(RECORDING);
    // The inventory is taken by then.
    await sleep(1000);
    running.kill('SIGSTOP');
    await sleep(1500);
    running.kill('SIGCONT');
    await running.says(/finwait itself was stalled for \d+ ms/, 20_000);
    running.kill('SIGINT');
    expect((await running.done).code).toBe(0);
    expectNothingLeft(running);
  });
});

describe.concurrent('what needs no root, by sudo', () => {
  test('replay is the user before it reads a byte', async (context) => {
    const running = startFinwait(['replay', '-'], { ...bySudo(context), input: 'open' });
    await until(() => rightsOf(running.pid).permitted === 0n, START_MS);
    expect(rightsOf(running.pid)).toMatchObject(INVOKERS);
    running.kill('SIGINT');
    await running.done;
  });

  test.for(['replay', 'trace', 'explain'])(
    '%s of a recording that root alone may read: exit 1, and whose rights it has',
    async (command, context) => {
      const file = join(scratch(), 'x.fwr');
      writeFileSync(file, recordingOf(3), { mode: 0o600 });
      const run = await runFinwait([command, file], bySudo(context));
      expectFault(run, 1, {
        what: /x\.fwr cannot be read \(EACCES\)/,
        why: /as uid 65534, who called sudo/,
        remedy: /sudo env -u SUDO_UID finwait/,
      });
    },
  );

  test('finwait in a folder that root alone may read: exit 1, and where to install it', async (context) => {
    const setting = bySudo(context);
    const shut = join(scratch(), 'shut');
    mkdirSync(shut, { mode: 0o700 });
    mkdirSync(join(shut, 'repo'));
    const repo = join(shut, 'repo');
    const { seenAt, within = [] } = setting;
    if (seenAt === undefined) throw new Error('no place');
    const moved = [...within, 'sh', '-ec', `mount --bind '${seenAt.repo}' '${repo}'; exec "$@"`, 'sh'];
    const run = await runFinwait(['demo'], { ...setting, seenAt: { ...seenAt, repo }, within: moved });
    expectFault(run, 1, {
      what: /own files cannot be read by uid 65534, who called sudo/,
      why: /as that user/,
      remedy: /\/usr\/local.*sudo env -u SUDO_UID/,
    });
  });

  // It must end if it may not become that user: so each of these is seen to try.
  test.for([
    ['replay', 'x.fwr'],
    ['trace', 'x.fwr'],
    ['explain', 'x.fwr'],
    ['demo'],
    ['probe'],
    ['explain', '--list'],
    ['lab', '--list'],
    ['--help'],
    ['trace', '--help'],
    ['--version'],
    ['no-such-command'],
  ])('%j stays root in no case', async (args, context) => {
    needs(context, 'setpriv');
    const setting = bySudo(context);
    const within = [...(setting.within ?? []), 'setpriv', '--bounding-set=-setuid', '--inh-caps=-all'];
    const run = await runFinwait(args, { ...setting, within });
    expectFault(run, 1, {
      what: /could not become uid 65534, who called sudo/,
      why: /EPERM|not permitted/i,
      remedy: /run it without sudo/,
    });
    expect(run.stdout).toBe('');
  });

  test.for([
    [{ SUDO_UID: '0', SUDO_GID: '0' }],
    [{ SUDO_UID: '1000' }],
    [{ SUDO_UID: '-1', SUDO_GID: '1' }],
    [{ SUDO_UID: '4294967295', SUDO_GID: '1' }],
    [{ SUDO_UID: '1e3', SUDO_GID: '1' }],
  ])('%j names no user', async ([env], context) => {
    needs(context, 'root');
    const running = startFinwait(['replay', '-'], { env: { ...env }, input: 'open' });
    await sleep(1500);
    expect(rightsOf(running.pid).uids).toBe('0 0 0 0');
    running.kill('SIGINT');
    await running.done;
  });
});
