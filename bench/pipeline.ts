import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../src/programs/find.ts';
import { startChild } from './child.ts';
import { scratchDir } from './cleanup.ts';
import { FILES } from './make-lines.ts';
import type { BenchOptions } from './options.ts';
import { median, spread } from './statistics.ts';
import { fixed, megabytes, tableLines, whole } from './table.ts';

const WORKER = fileURLToPath(new URL('pipeline-worker.ts', import.meta.url));
/** For the most lines there can be. */
const LONGEST_MS = 3_600_000;

export type Pass = {
  readonly seconds: number;
  readonly rssQuarter: number | null;
  readonly rssEnd: number | null;
  readonly peakRss: number | null;
  readonly note: string;
};

const parsePass = (text: string): Pass => {
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

/** Five ways through the same lines, each on one core; lines/s, and what they hold. */
export const measurePipeline = async (
  options: BenchOptions,
  tell: (text: string) => void,
): Promise<readonly string[]> => {
  const dir = scratchDir();
  tell(`pipeline: making ${whole(options.lines)} lines`);
  await runToEnd(process.execPath, [WORKER, 'make', dir, String(options.lines)]);
  const onOneCore = findProgram('taskset') === null ? [] : ['taskset', '-c', '0'];
  const run = (...args: readonly string[]): Promise<string> => {
    const [file = '', ...rest] = [...onOneCore, ...args];
    return runToEnd(file, rest);
  };
  const worker = async (role: string, file: string): Promise<Pass> =>
    parsePass(await run(process.execPath, WORKER, role, join(dir, file), String(options.lines)));
  const ways: readonly { readonly name: string; readonly pass: () => Promise<Pass> }[] = [
    {
      name: '`wc -l`',
      pass: async () => {
        const start = performance.now();
        await run('wc', '-l', join(dir, FILES.text));
        return { seconds: (performance.now() - start) / 1000, rssQuarter: null, rssEnd: null, peakRss: null, note: '' };
      },
    },
    { name: 'split2 alone', pass: () => worker('split2', FILES.text) },
    { name: 'the same events as NDJSON: split2, JSON.parse, nothing else', pass: () => worker('json', FILES.json) },
    { name: 'finwait, live: split2, wire, order, lifecycle', pass: () => worker('live', FILES.text) },
    {
      name: 'finwait, a recording: zstd, lines, wire, order, lifecycle, every path described',
      pass: () => worker('recording', FILES.recording),
    },
  ];
  const taken = ways.map((): Pass[] => []);
  for (let round = 0; round <= options.rounds; round++) {
    for (const [index, { name, pass }] of ways.entries()) {
      const found = await pass();
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
  const head = ['way', 'lines/s', 'of `wc -l`', 'RSS at 1/4, MB', 'RSS at the end, MB', 'peak RSS, MB'];
  const notes = ways.flatMap(({ name, passes }) => (passes[0]?.note ? [`- ${name}: ${passes[0].note}`] : []));
  return [`${whole(lines)} lines.`, '', ...tableLines(head, rows), ...(notes.length === 0 ? [] : ['', ...notes])];
};
