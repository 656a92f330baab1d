import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, expect } from 'vitest';

export const REPO = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = 'dist/bin/finwait.js';
const FAKES = fileURLToPath(new URL('fakes', import.meta.url));

/** finwait, its reader and a fake may take this long to start, many of them side by side on two cores. */
export const START_MS = 30_000;

export type Setting = {
  /** A file of fakes/ to stand first on PATH as `bpftrace`. It sees the variables of `env` that begin with FAKE_. */
  readonly fake?: string;
  /** PATH in place of the test's own. */
  readonly path?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The places at which the repository and the folder of node are to be seen, if not their own. */
  readonly seenAt?: { readonly repo: string; readonly node: string };
  /** A program and its arguments to run `node finwait …` in, as `setpriv --reuid=1`. */
  readonly within?: readonly string[];
  /** A file for stdout, as a shell's `>`; the default is collected. */
  readonly stdout?: string;
  readonly stderr?: string;
  /** Bytes for stdin, which then ends; the default is an empty one. 'open' never ends. */
  readonly input?: Uint8Array | 'open';
};

export type Run = {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** From the start to the exit. */
  readonly ms: number;
};

/** A finwait at work, and the place made for it alone. */
export type Running = {
  readonly pid: number;
  readonly done: Promise<Run>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves when stderr has it; fails when the process ends or `ms` pass before. */
  readonly says: (pattern: RegExp, ms?: number) => Promise<void>;
  /** Does the same for stdout. */
  readonly prints: (pattern: RegExp, ms?: number) => Promise<void>;
  /** Writes to a stdin that was left open. */
  readonly write: (bytes: string | Uint8Array) => void;
  /** Pids of the fakes it has started. */
  readonly fakes: () => readonly number[];
  /** Its working directory. */
  readonly cwd: string;
  /** The files it has left in its working directory and in TMPDIR. */
  readonly files: () => readonly string[];
};

const places: string[] = [];
const groups: number[] = [];

// This waits for the whole file: `onTestFinished` does not know the test if tests run side by side.
afterAll(() => {
  for (const group of groups) endNow(-group);
  for (const place of places) rmSync(place, { recursive: true, force: true });
});

/** A directory of the test's own, gone at the end. */
export const scratch = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'finwait-edge-'));
  chmodSync(dir, 0o755);
  places.push(dir);
  return dir;
};

/** Starts the built finwait. Whatever the test does, it and its fakes are gone afterwards. */
export const startFinwait = (args: readonly string[], setting: Setting = {}): Running => {
  const place = scratch();
  const at = (name: string): string => join(place, name);
  const [bin, tmp, cwd, pids] = [at('bin'), at('tmp'), at('cwd'), at('pids')];
  for (const dir of [bin, tmp, cwd]) mkdirSync(dir);
  // For a finwait that is not root.
  for (const dir of [tmp, cwd]) chmodSync(dir, 0o777);
  const path = `${bin}:${setting.path ?? process.env.PATH ?? ''}`;
  if (setting.fake !== undefined) {
    standIn(join(bin, 'bpftrace'), setting.fake, { ...setting.env, PATH: path, FAKE_PIDS: pids });
  }
  const { repo, node } = setting.seenAt ?? { repo: REPO, node: dirname(process.execPath) };
  const command = [join(node, basename(process.execPath)), join(repo, PROGRAM)];
  const [file = '', ...argv] = [...redirected(setting), ...(setting.within ?? []), ...command, ...args];
  const began = performance.now();
  const child = execa(file, argv, {
    cwd,
    env: {
      PATH: path,
      TMPDIR: tmp,
      ...setting.env,
    },
    stdin: 'pipe',
    // A process group of its own, as a shell gives each command line: it can be ended as a whole.
    detached: true,
    reject: false,
    stripFinalNewline: false,
    timeout: 40_000,
    killSignal: 'SIGKILL',
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} did not start`);
  groups.push(pid);
  // A finwait that has seen enough closes its end.
  child.stdin.on('error', () => undefined);
  if (setting.input !== 'open') child.stdin.end(setting.input ?? '');
  const heard = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      heard[name] = `${heard[name]}${chunk}`.slice(0, 100_000);
    });
  }
  const hears =
    (name: 'stdout' | 'stderr') =>
    (pattern: RegExp, ms = START_MS): Promise<void> =>
      until(
        () => pattern.test(heard[name]) || hasEnded,
        ms,
        () => `${pattern} in ${heard[name]}`,
      ).then(() => expect(heard[name]).toMatch(pattern));
  let hasEnded = false;
  const done = child.then((result): Run => {
    hasEnded = true;
    return {
      code: result.exitCode,
      signal: result.signal,
      stdout: result.stdout ?? '',
      stderr: result.stderr ?? '',
      ms: performance.now() - began,
    };
  });
  const fakes = (): readonly number[] =>
    existsSync(pids) ? readFileSync(pids, 'utf8').trim().split('\n').map(Number) : [];
  return {
    pid,
    done,
    kill: (signal) => process.kill(pid, signal),
    says: hears('stderr'),
    prints: hears('stdout'),
    write: (bytes) => child.stdin.write(bytes),
    fakes,
    cwd,
    files: () => [...readdirSync(tmp), ...readdirSync(cwd)],
  };
};

/** A script in place of bpftrace that plays a fake: it brings the variables that finwait passes to no program. */
const standIn = (path: string, fake: string, env: Readonly<Record<string, string>>): void => {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const exports = Object.entries(env)
    .filter(([name]) => name === 'PATH' || name.startsWith('FAKE_'))
    .map(([name, value]) => `export ${name}=${quoted(value)}`);
  const command = fake.endsWith('.ts') ? [process.execPath, join(FAKES, fake)] : ['/bin/sh', join(FAKES, fake)];
  writeFileSync(path, ['#!/bin/sh', ...exports, `exec ${command.map(quoted).join(' ')} "$@"`, ''].join('\n'));
  chmodSync(path, 0o755);
};

/** Does what `>FILE` and `2>FILE` do: the file itself, with no pipe in between. */
const redirected = ({ stdout, stderr }: Setting): readonly string[] =>
  stdout === undefined && stderr === undefined
    ? []
    : ['sh', '-c', `exec "$@" ${stdout ? `>'${stdout}'` : ''} ${stderr ? `2>'${stderr}'` : ''}`, 'sh'];

const endNow = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
};

/** Runs finwait to its end, and sees to it that nothing was left behind: no bpftrace, no file. */
export const runFinwait = async (args: readonly string[], setting: Setting = {}): Promise<Run> => {
  const running = startFinwait(args, setting);
  const run = await running.done;
  expectNothingLeft(running);
  return run;
};

export const expectNothingLeft = (running: Running): void => {
  expect(running.fakes().filter(isAlive), 'bpftrace left behind').toEqual([]);
  expect(running.files(), 'files left behind').toEqual([]);
};

/** True if a process runs; one that has ended and is not yet waited for does not. */
export const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

export const until = async (
  holds: () => boolean,
  ms: number,
  what: () => string = () => 'the condition',
): Promise<void> => {
  const deadline = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what()}`);
    await sleep(10);
  }
};

type Expected = { readonly what: RegExp; readonly why: RegExp; readonly remedy: RegExp };

/** A fault as users see it: three lines that end stderr, and no stack trace before them. */
export const expectFault = (run: Run, code: number, expected: Expected): void => {
  const [what = '', why = '', remedy = ''] = run.stderr.trimEnd().split('\n').slice(-3);
  expect(what).toMatch(/^finwait: \S/);
  expect(what).toMatch(expected.what);
  expect(why).toMatch(/^ {2}why: \S/);
  expect(why).toMatch(expected.why);
  expect(remedy).toMatch(/^ {2}try: \S/);
  expect(remedy).toMatch(expected.remedy);
  expect(run.stderr).not.toMatch(/^\s+at /m);
  expect(run.code).toBe(code);
};

export type Row = Readonly<Record<string, unknown>> & { readonly type: string };

/** The rows of `trace --json`: each line is whole, `meta` is the first and `ledger` the last. */
export const rowsOf = (run: Run): readonly Row[] => {
  expect(run.stdout.endsWith('\n')).toBe(true);
  const rows = run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  expect(rows[0]?.type).toBe('meta');
  expect(rows.at(-1)?.type).toBe('ledger');
  return rows;
};

/** The paths that the stream told of. An orphan of the machine's own, known from its inventory alone, has no `sk`. */
export const closePaths = (rows: readonly Row[]): readonly Row[] =>
  rows.filter((row) => row.type === 'close_path' && row.sk !== null);
