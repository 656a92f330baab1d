import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import split2 from 'split2';
import type { ClosePath } from '../../src/explain/close-path.ts';
import type { Meta } from '../../src/wire/meta.ts';

/** The contract's `ledger`, as far as these tests read it. */
export type LedgerRecord = {
  readonly type: 'ledger';
  readonly entries: number;
  readonly exits: number;
  readonly orphans: number | null;
  readonly kernel_orphans: number | null;
  readonly unlocated: number;
  readonly drift: number | null;
  readonly in_flight: number;
  readonly inferred: number;
  readonly unannounced: number;
  readonly lost_events: number;
  readonly late_events: number;
  readonly malformed: number;
};

const DIST = process.env['FINWAIT_DIST'] ?? fileURLToPath(new URL('../../dist', import.meta.url));
/** The program as users run it; FINWAIT_DIST names another build. */
export const FINWAIT = `${DIST}/bin/finwait.js`;

/** One run of finwait, started as a user would, its stdout and stderr kept. */
export type Run = {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exit: Promise<{ readonly exitCode: number | undefined; readonly signal: string | undefined }>;
  /** Signals it and waits until it is gone. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<{ readonly exitCode: number | undefined }>;
  /** Resolves with the first true answer about what was printed so far. @throws Error when it ends before, or late */
  readonly until: <T>(
    what: string,
    ask: () => T | false | null | undefined,
    patienceMs?: number,
    soFar?: () => string,
  ) => Promise<T>;
};

/** The runs that are alive. A test that fails half-way leaves its run for `stopAll`. */
const running = new Set<Run>();

/** @param cwd - the folder it is started in; by default the one of the tests */
export const startFinwait = (
  args: readonly string[],
  onLine: (line: string) => void = () => {},
  cwd: string = process.cwd(),
): Run => {
  const child = execa(process.execPath, [FINWAIT, ...args], {
    cwd,
    buffer: false,
    reject: false,
    stdin: 'ignore',
    env: { NO_COLOR: '1' },
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error('finwait did not start');
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  let isOver = false;
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const lines = child.stdout.pipe(split2());
  lines.on('data', onLine);
  const drained = new Promise((resolve) => lines.once('end', resolve));
  const exit = child.then(async (result) => {
    await drained;
    isOver = true;
    running.delete(run);
    return { exitCode: result.exitCode, signal: result.signal };
  });
  const stderr = (): string => Buffer.concat(err).toString();
  const run: Run = {
    pid,
    stdout: () => Buffer.concat(out).toString(),
    stderr,
    exit,
    stop: async (signal = 'SIGINT') => {
      if (!isOver) process.kill(pid, signal);
      return exit;
    },
    until: async (what, ask, patienceMs = 30_000, soFar = () => '') => {
      const deadline = performance.now() + patienceMs;
      for (;;) {
        const answer = ask();
        if (answer !== false && answer !== null && answer !== undefined) return answer;
        if (isOver) throw new Error(`finwait ended before ${what}: ${stderr()}`);
        if (performance.now() > deadline) {
          throw new Error(`waited ${patienceMs} ms for ${what}${soFar()}: ${stderr()}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
  running.add(run);
  return run;
};

/** Ends, by pid, what a failed test left running. */
export const stopAll = async (): Promise<void> => {
  for (const run of running) await run.stop('SIGTERM');
};

/** A `trace --json` whose records are read as they come. */
export type Trace = Run & {
  readonly meta: () => Meta;
  /** The close paths that pass `which`, in the order they were printed. */
  readonly paths: (which?: (path: ClosePath) => boolean) => readonly ClosePath[];
  readonly ledgers: readonly LedgerRecord[];
  readonly ledger: () => LedgerRecord;
  /** The next ledger record printed from now on for which `holds` is true. */
  readonly nextLedger: (what: string, holds: (ledger: LedgerRecord) => boolean) => Promise<LedgerRecord>;
  /** Waits until at least `count` close paths pass `which`, and gives those. */
  readonly untilPaths: (
    count: number,
    which: (path: ClosePath) => boolean,
    patienceMs?: number,
  ) => Promise<readonly ClosePath[]>;
};

/** Longer than finwait itself waits: bpftrace 0.17 takes more than a minute under emulation. */
const ATTACH_MS = 250_000;

/** Starts `trace --json` and resolves at its first ledger record: finwait is attached and the inventory is in. */
export const startTrace = async (...args: readonly string[]): Promise<Trace> => {
  const ledgers: LedgerRecord[] = [];
  const all: ClosePath[] = [];
  let meta: Meta | null = null;
  const run = startFinwait(['trace', '--json', ...args], (line) => {
    if (line === '') return;
    const record: Meta | ClosePath | LedgerRecord = JSON.parse(line);
    if (record.type === 'meta') meta = record;
    else if (record.type === 'ledger') ledgers.push(record);
    else if (record.type === 'close_path') all.push(record);
  });
  const paths: Trace['paths'] = (which = () => true) => all.filter(which);
  await run.until('its first ledger record', () => ledgers.length > 0, ATTACH_MS);
  return {
    ...run,
    meta: () => {
      if (meta === null) throw new Error('no meta was printed');
      return meta;
    },
    paths,
    ledgers,
    ledger: () => ledgers.at(-1) as LedgerRecord,
    nextLedger: (what, holds) => {
      let seen = ledgers.length;
      const next = (): LedgerRecord | null => {
        while (seen < ledgers.length) {
          const ledger = ledgers[seen++] as LedgerRecord;
          if (holds(ledger)) return ledger;
        }
        return null;
      };
      const soFar = (): string => `; the last was ${JSON.stringify(ledgers.at(-1))}`;
      return run.until(`a ledger record with ${what}`, next, undefined, soFar);
    },
    untilPaths: (count, which, patienceMs = 30_000) =>
      run.until(
        `${count} close paths`,
        () => {
          const found = paths(which);
          return found.length >= count ? found : null;
        },
        patienceMs,
      ),
  };
};

/** Runs finwait to its end and gives what it said. */
export const runFinwait = async (...args: readonly string[]) => {
  const run = startFinwait(args);
  const { exitCode } = await run.exit;
  return { exitCode, stdout: run.stdout(), stderr: run.stderr() };
};

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

/** The one child of a process, as a shell's. */
export const childOf = (pid: number): number => {
  const [child] = childrenOf(pid);
  if (child === undefined) throw new Error(`process ${pid} has no child`);
  return child;
};

/** The bpftrace of a finwait that gives no right up. It was setpriv before it became bpftrace. */
export const bpftraceOf = (pid: number): number => {
  const found = childrenOf(pid).find((child) => /bpftrace\0-\0/.test(readFileSync(`/proc/${child}/cmdline`, 'utf8')));
  if (found === undefined) throw new Error(`process ${pid} has no bpftrace`);
  return found;
};

/** True if a process is there and no zombie. */
export const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/** The states a path goes through, as `ESTABLISHED>FIN_WAIT1>…`. */
export const route = (path: ClosePath): string =>
  [path.path[0]?.from ?? path.closed_in, ...path.path.map((step) => step.to)].join('>');
