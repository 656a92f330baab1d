import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeDeadlines, type OddRetries } from './deadlines.ts';
import type { Outcome } from './guest.ts';
import type { Backend, Cell } from './kernels.ts';
import { judgeKills, type Kills } from './kills.ts';
import { judgeLiving, type Living, type ShutWindows } from './living.ts';
import { say } from './run-program.ts';
import type { Result } from './table.ts';
import { faultsOf, type Part, uncountedIn, type Verdict, whyAgain } from './verdict.ts';

/** A cell is ended after this, its boot included: three times what it takes on two CPUs that others use too. */
const CELL_S = 480;
const LAST_WORDS = 4;
/** With less time than this left a cell is not begun. */
const LEAST_S = 60;
/** A cell without a verdict, or whose experiments lost their own events, is made again: so often in all. */
const TRIES = 3;

/** A fault on an emulated CPU has to show each time: there a close() takes 0.1 s at times, and a clock stands still. */
const WRONGS = { emulated: TRIES, real: 1 } as const;

/** Parts to be seen once on each kernel, spread so that the cells take equally long. */
const PARTS_OF: Readonly<Record<Backend, readonly Part[]>> = {
  kprobe: ['ipv6'],
  fentry: ['privileges'],
  tracepoint: ['misses'],
};

export type Boot = (cell: Cell, seconds: number, dir: string, ...args: readonly string[]) => Promise<Outcome>;

export type RunOptions = {
  readonly boot: Boot;
  /** The folder in which each guest leaves its files, in a folder of the cell's name. */
  readonly out: string;
  /** Guests at once. */
  readonly atOnce: number;
  /** Seconds for all cells together. */
  readonly seconds: number;
  /** Only the parts that every cell plays. */
  readonly isQuick: boolean;
  /** Also the sockets that take two minutes to be reaped. */
  readonly isLong: boolean;
  /** Emulated by software: everything happens after its time. */
  readonly isEmulated: boolean;
  readonly now: () => number;
};

export const nameOf = ({ kernel, backend }: Cell): string => `${kernel.name}-${backend}`;

/** A file that a guest left, as JSON; null where it left none. */
export const left = <T>(dir: string, file: string): T | null => {
  const path = join(dir, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
};

/** The verdict that the guest left. The host judges what takes no time here, by what the guest recorded. */
const verdictOf = async (dir: string): Promise<Verdict | null> => {
  const verdict = left<Verdict>(dir, 'verdict.json');
  const odd = left<readonly OddRetries[]>(dir, 'odd.json');
  const [cell, deferred] = [join(dir, 'cell.fwr'), join(dir, 'deferred.fwr')];
  if (verdict === null || odd === null || !existsSync(cell) || !existsSync(deferred)) return verdict;
  const judged = Object.entries(await judgeDeadlines(cell, odd));
  const shut = left<ShutWindows>(dir, 'windows.json');
  const killed = left<Kills>(dir, 'kills.json');
  const lost = verdict.deferred?.ledger.lost_events ?? 0;
  return {
    ...verdict,
    living:
      shut === null
        ? null
        : both(
            await judgeLiving(cell, shut, verdict.ledger?.lost_events === 0),
            await judgeLiving(deferred, shut, lost === 0),
          ),
    kills: killed === null ? null : await judgeKills(deferred, killed, lost + uncountedIn(verdict.backend)),
    deadlines: Object.fromEntries(judged.map(([name, { wrong }]) => [name, wrong])),
    disturbed: [
      ...verdict.disturbed,
      ...judged.flatMap(([name, { disturbed }]) =>
        disturbed === null ? [] : [`tcp_orphan_retries ${name}: ${disturbed}`],
      ),
    ],
  };
};

/** The last lines on the console of a guest that ended without a verdict: perhaps they tell why. */
const lastWordsOf = (dir: string): string => {
  const path = join(dir, 'console.log');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== 'guest: powers off')
    .slice(-LAST_WORDS)
    .join(' | ');
};

const both = (one: Living, other: Living): Living => ({
  looks: one.looks + other.looks,
  windows: Math.min(one.windows, other.windows),
  wrong: [...one.wrong, ...other.wrong.map((text) => `deferred: ${text}`)],
});

const runCell = async (cell: Cell, end: number, options: RunOptions): Promise<Result> => {
  const name = nameOf(cell);
  const dir = join(options.out, name);
  const parts = [...(options.isQuick ? [] : PARTS_OF[cell.backend]), ...(options.isLong ? (['long'] as const) : [])];
  const again: string[] = [];
  let wrongs = 0;
  for (let tries = 1; ; tries++) {
    const seconds = Math.min(CELL_S, Math.floor((end - options.now()) / 1000));
    if (seconds < LEAST_S)
      return { kernel: cell.kernel.name, backend: cell.backend, verdict: null, again, isReached: tries > 1 };
    const startedAt = options.now();
    say(`${name}: boots${tries > 1 ? `, try ${tries} of ${TRIES}` : ''}`);
    const outcome = await options.boot(cell, seconds, dir, '--backend', cell.backend, `--parts=${parts.join('+')}`);
    const verdict = outcome.isOver ? await verdictOf(dir) : null;
    const took = Math.round((options.now() - startedAt) / 1000);
    for (const line of verdict?.again ?? []) say(`${name}: played again: ${line}`);
    const faults = verdict === null ? [] : faultsOf(verdict);
    const disturbed = !outcome.isOver
      ? outcome.why
      : verdict === null
        ? `it gave no verdict: ${lastWordsOf(dir)}`
        : whyAgain(verdict);
    const isFine = verdict !== null && faults.length === 0;
    if (!isFine && disturbed === null) wrongs++;
    const isTold = wrongs === WRONGS[options.isEmulated ? 'emulated' : 'real'];
    if (isFine || isTold || tries === TRIES) {
      say(`${name}: ${isFine ? 'right' : verdict === null ? `no verdict: ${disturbed}` : 'WRONG'}, ${took} s`);
      return { kernel: cell.kernel.name, backend: cell.backend, verdict, again, isReached: true };
    }
    const why = disturbed ?? `it was wrong: ${faults.join('; ')}`;
    again.push(why);
    say(`${name}: made again after ${took} s: ${why}`);
  }
};

/** Runs the cells, the longest first: as many as there is time for, each until it has a verdict that counts. */
export const runCells = async (cells: readonly Cell[], options: RunOptions): Promise<readonly Result[]> => {
  const end = options.now() + options.seconds * 1000;
  const results = new Map<Cell, Result>();
  const waiting = cells.toSorted((a, b) => PARTS_OF[b.backend].length - PARTS_OF[a.backend].length);
  const work = async (): Promise<void> => {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
      results.set(cell, await runCell(cell, end, options));
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, work));
  return cells.flatMap((cell) => results.get(cell) ?? []);
};
