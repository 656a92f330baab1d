import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../src/programs/find.ts';
import { startChild } from './child.ts';
import { scratchDir } from './cleanup.ts';
import { FILES } from './make-lines.ts';
import type { BenchOptions } from './options.ts';
import { median, spread } from './statistics.ts';
import { fixed, megabytes, tableLines, whole } from './table.ts';
import { parseStat } from './usage.ts';

const WORKER = fileURLToPath(new URL('pipeline-worker.ts', import.meta.url));
/** For the most lines there can be. */
const LONGEST_MS = 3_600_000;

export type Pass = {
  readonly seconds: number;
  /** User and system time of the whole process: it leaves out the work of others on the machine. */
  readonly cpuSeconds: number;
  readonly rssQuarter: number | null;
  readonly rssEnd: number | null;
  readonly peakRss: number | null;
  readonly note: string;
};

const parsePass = (text: string, cpuSeconds: number): Pass => {
  const value: unknown = JSON.parse(text);
  const field = (name: string): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : null;
  const figure = (name: string): number | null => {
    const found = field(name);
    return typeof found === 'number' ? found : null;
  };
  const seconds = figure('seconds');
  if (seconds === null) throw new Error(`the worker said ${text}`);
  const note = field('note');
  return {
    seconds,
    cpuSeconds,
    rssQuarter: figure('rssQuarter'),
    rssEnd: figure('rssEnd'),
    peakRss: figure('peakRss'),
    note: typeof note === 'string' ? note : '',
  };
};

const runToEnd = async (file: string, args: readonly string[]): Promise<string> => {
  const child = await startChild(file, args);
  await child.until(child.hasEnded, LONGEST_MS);
  const code = await child.stop();
  if (code !== 0) throw new Error(child.said().stderr.trim() || `${file} ended with ${code}`);
  return child.said().stdout;
};

/** Lines, and the worker that made them and reads them. */
type Lines = { readonly worker: string; readonly dir: string };
type Measured = { readonly name: string; readonly pass: () => Promise<Pass> };

const makeLines = async (worker: string, count: number, tell: (text: string) => void): Promise<Lines> => {
  const dir = scratchDir();
  tell(`pipeline: making ${whole(count)} lines`);
  await runToEnd(process.execPath, [worker, 'make', dir, String(count)]);
  return { worker, dir };
};

/** CPU seconds of children that have ended. @throws Error where there is no /proc */
const childSeconds = (): number => {
  const stat = parseStat(readFileSync('/proc/self/stat', 'utf8'));
  if (stat === null) throw new Error('/proc/self/stat does not read');
  return stat.childSeconds;
};

/** The worker of the tree that a build stands in: `TREE/dist/bin/finwait.js`. */
const workerBeside = (entry: string): string =>
  join(dirname(resolve(entry)), '..', '..', 'bench', 'pipeline-worker.ts');

/**
 * Five ways through the same lines, each on one core; lines/s, and what they hold. Those of finwait twice where another
 * build is measured beside: it makes its own lines of the same lives, since it may know another wire version.
 */
export const measurePipeline = async (
  options: BenchOptions,
  tell: (text: string) => void,
): Promise<readonly string[]> => {
  const onOneCore = findProgram('taskset') === null ? [] : ['taskset', '-c', '0'];
  const run = async (...args: readonly string[]): Promise<{ readonly said: string; readonly cpuSeconds: number }> => {
    const before = childSeconds();
    const [file = '', ...rest] = [...onOneCore, ...args];
    const said = await runToEnd(file, rest);
    return { said, cpuSeconds: childSeconds() - before };
  };
  const ours = await makeLines(WORKER, options.lines, tell);
  const theirs = options.beside === null ? null : await makeLines(workerBeside(options.beside), options.lines, tell);
  const pass = async ({ worker, dir }: Lines, role: string, file: string): Promise<Pass> => {
    const { said, cpuSeconds } = await run(process.execPath, worker, role, join(dir, file), String(options.lines));
    return parsePass(said, cpuSeconds);
  };
  const wc = async (): Promise<Pass> => {
    const start = performance.now();
    const { cpuSeconds } = await run('wc', '-l', join(ours.dir, FILES.text));
    const seconds = (performance.now() - start) / 1000;
    return { seconds, cpuSeconds, rssQuarter: null, rssEnd: null, peakRss: null, note: '' };
  };
  const ofFinwait = (lines: Lines, suffix = ''): readonly Measured[] => [
    { name: `finwait, live: split2, wire, order, lifecycle${suffix}`, pass: () => pass(lines, 'live', FILES.text) },
    {
      name: `finwait, a recording: zstd, lines, wire, order, lifecycle, every path described${suffix}`,
      pass: () => pass(lines, 'recording', FILES.recording),
    },
  ];
  const ways = [
    { name: '`wc -l`', pass: wc },
    { name: 'split2 alone', pass: () => pass(ours, 'split2', FILES.text) },
    {
      name: 'the same events as NDJSON: split2, JSON.parse, nothing else',
      pass: () => pass(ours, 'json', FILES.json),
    },
    ...ofFinwait(ours),
    ...(theirs === null ? [] : ofFinwait(theirs, ', the other build')),
  ].filter(
    ({ name }, index) => index === 0 || options.rows.length === 0 || options.rows.some((row) => name.includes(row)),
  );
  const taken = ways.map((): Pass[] => []);
  for (let round = 0; round <= options.rounds; round++) {
    for (const [index, { name, pass: take }] of ways.entries()) {
      const found = await take();
      tell(
        `pipeline: ${round === 0 ? 'warm-up' : `round ${round}`}: ${name}: ${whole(options.lines / found.seconds)} lines/s`,
      );
      if (round > 0) taken[index]?.push(found);
    }
  }
  return pipelineLines(
    options.lines,
    ways.map(({ name }, index) => ({ name, passes: taken[index] ?? [] })),
  );
};

type Way = { readonly name: string; readonly passes: readonly Pass[] };

export const pipelineLines = (lines: number, ways: readonly Way[]): readonly string[] => {
  const rates = ({ passes }: Way): readonly number[] => passes.map(({ seconds }) => lines / seconds);
  const first = ways[0] === undefined ? null : median(rates(ways[0]));
  const rows = ways.map((way) => [
    way.name,
    spread(rates(way), whole),
    first === null
      ? '—'
      : spread(
          [median(rates(way)) ?? 0].map((rate) => rate / first),
          fixed(3),
        ),
    spread(
      way.passes.map(({ cpuSeconds }) => (cpuSeconds / lines) * 1e6),
      fixed(2),
    ),
    spread(
      way.passes.map(({ rssQuarter }) => rssQuarter),
      megabytes,
    ),
    spread(
      way.passes.map(({ rssEnd }) => rssEnd),
      megabytes,
    ),
    spread(
      way.passes.map(({ peakRss }) => peakRss),
      megabytes,
    ),
  ]);
  const head = [
    'way',
    'lines/s',
    'of `wc -l`',
    'CPU s per million',
    'RSS at 1/4, MB',
    'RSS at the end, MB',
    'peak RSS, MB',
  ];
  const notes = ways.flatMap(({ name, passes }) => (passes[0]?.note ? [`- ${name}: ${passes[0].note}`] : []));
  return [`${whole(lines)} lines.`, '', ...tableLines(head, rows), ...(notes.length === 0 ? [] : ['', ...notes])];
};
