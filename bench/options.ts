import { parseArgs } from 'node:util';

export const PARTS = ['capture', 'pipeline', 'screen', 'busy'] as const;
export type Part = (typeof PARTS)[number];

export type BenchOptions = {
  readonly only: readonly Part[];
  /** Rounds that count; one more, the first, is dropped. */
  readonly rounds: number;
  /** Seconds of load, for each tool in each round. */
  readonly seconds: number;
  /** Connections a second; 0: as fast as it can. */
  readonly rate: number;
  /** Connections that die slowly, spread over each load. */
  readonly slow: number;
  /** Wire lines for the pipeline. */
  readonly lines: number;
  /** bpftrace programs; empty: the one on PATH. */
  readonly bpftraces: readonly string[];
  /** Another build of finwait, its bin file; null: this tree's. */
  readonly finwait: string | null;
  /** A second build of finwait, measured in the same rounds: its bin file; null: none. */
  readonly beside: string | null;
  /** Only rows whose name has one of these texts in it, beside "no tracer", "bare attach" and `wc -l`; empty: all. */
  readonly rows: readonly string[];
  /** The folder that the tables go to besides stdout; null: none. */
  readonly out: string | null;
  readonly isQuick: boolean;
};

export const USAGE = `npm run bench [-- OPTIONS]

  --only PART       capture, pipeline, screen or busy; repeatable (default: all)
  --bpftrace PATH   measure with this bpftrace; repeatable (default: the one on PATH)
  --rounds N        rounds that count, after one that does not (default 5, quick 2)
  --seconds S       load for each tool in each round (default 5, quick 2)
  --rate R          connections a second; 0: as fast as it can (default 0)
  --slow N          connections that die slowly, spread over each load (default 100)
  --lines N         wire lines for the pipeline (default 5000000, quick 500000)
  --finwait FILE    another build of finwait: its dist/bin/finwait.js
  --beside FILE     a second build, in the same rounds (capture, pipeline): its dist/bin/finwait.js
  --row TEXT        only rows whose name has this text (capture, pipeline); repeatable (default: all)
  --out FILE        where the tables go besides stdout (default docs/benchmarks.md, quick: nowhere)
  --quick           short and rough
`;

const number = (name: string, text: string | undefined, unless: number, least: number, most: number): number => {
  if (text === undefined) return unless;
  const value = Number(text);
  if (!/^\d{1,12}$/.test(text) || value < least || value > most) {
    throw new Error(`--${name}: give a whole number from ${least} to ${most}`);
  }
  return value;
};

/** @throws Error with a sentence for the user when an option is unknown or out of bounds */
export const parseOptions = (argv: readonly string[]): BenchOptions | 'help' => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true },
      bpftrace: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      rate: { type: 'string' },
      slow: { type: 'string' },
      lines: { type: 'string' },
      finwait: { type: 'string' },
      beside: { type: 'string' },
      row: { type: 'string', multiple: true },
      out: { type: 'string' },
      quick: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return 'help';
  const isQuick = values.quick === true;
  const wanted = values.only ?? [];
  const unknown = wanted.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: give one of ${PARTS.join(', ')}`);
  return {
    only: wanted.length === 0 ? PARTS : PARTS.filter((part) => wanted.includes(part)),
    rounds: number('rounds', values.rounds, isQuick ? 2 : 5, 1, 50),
    seconds: number('seconds', values.seconds, isQuick ? 2 : 5, 1, 60),
    rate: number('rate', values.rate, 0, 0, 10_000_000),
    slow: number('slow', values.slow, 100, 0, 100_000),
    lines: number('lines', values.lines, isQuick ? 500_000 : 5_000_000, 10_000, 50_000_000),
    bpftraces: values.bpftrace ?? [],
    finwait: values.finwait ?? null,
    beside: values.beside ?? null,
    rows: values.row ?? [],
    out: values.out ?? (isQuick ? null : 'docs/benchmarks.md'),
    isQuick,
  };
};

/** The command that repeats a run, for the page: programs of this machine by their role, not by their path. */
export const commandOf = (options: BenchOptions): string => {
  const args = [
    ...(options.only.length === PARTS.length ? [] : options.only.flatMap((part) => ['--only', part])),
    ...options.bpftraces.flatMap(() => ['--bpftrace', 'PATH']),
    ...(options.isQuick ? ['--quick'] : []),
    ...['--rounds', String(options.rounds), '--seconds', String(options.seconds)],
    ...(options.rate === 0 ? [] : ['--rate', String(options.rate)]),
    ...['--slow', String(options.slow), '--lines', String(options.lines)],
    ...(options.finwait === null ? [] : ['--finwait', 'FILE']),
    ...(options.beside === null ? [] : ['--beside', 'FILE']),
    ...options.rows.flatMap((row) => ['--row', `'${row}'`]),
  ];
  return `npm run bench -- ${args.join(' ')}`;
};
