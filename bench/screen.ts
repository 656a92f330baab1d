import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BpftraceProgram } from '../src/capture/bpftrace/bpftrace.ts';
import { startAlone } from './bare.ts';
import { startChild } from './child.ts';
import { scratchDir } from './cleanup.ts';
import { pathWith, probesOf } from './finwait.ts';
import { type Frames, framesBetween, parseSeen, type Seen } from './frames.ts';
import { makeOrphans, makeRecording } from './make-lines.ts';
import type { BenchOptions } from './options.ts';
import { spread } from './statistics.ts';
import { fixed, megabytes, tableLines, whole } from './table.ts';

const PTY = fileURLToPath(new URL('on_terminal.py', import.meta.url));
const PER_SECOND = 200_000;
const STARTS = { quick: 2, full: 5 } as const;
const TIMEOUT_SECONDS = 120;
const TERMINAL = { columns: 160, rows: 50 } as const;

/** Alive at once: next to none, and as many as the kernel lets there be by default on a large host. */
const ORPHANS = [10, 131_072] as const;
/** From the last line to the look at the memory. */
const SETTLE_SECONDS = 8;

type Job = {
  readonly argv: readonly string[];
  readonly marks: readonly string[];
  readonly until: string;
  /** Seconds from then to the end. */
  readonly linger?: number;
};

/** @throws Error when there is no Python, or a mark did not come */
const onTerminal = async (job: Job, env: Readonly<Record<string, string>> = {}): Promise<Seen> => {
  const told = JSON.stringify({ linger: 0.2, ...job, ...TERMINAL, timeout: TIMEOUT_SECONDS });
  const child = await startChild('python3', [PTY, told], { env });
  await child.ended;
  const { stdout, stderr } = child.said();
  if (stdout === '') throw new Error(`bench/on_terminal.py failed: ${stderr.trim()}`);
  const seen = parseSeen(stdout);
  const missing = job.marks.find((mark) => seen.marks[mark] === null);
  if (missing !== undefined) throw new Error(`the screen never said '${missing}': ${stdout.slice(-400)}`);
  return seen;
};

const at = (seen: Seen, mark: string): number => seen.marks[mark] ?? Number.NaN;

type Replayed = { readonly frames: Frames; readonly seconds: number };

/** The screen over a recording of 200,000 lines a second of its time, played at its own speed. */
const replayUnderLoad = async (entry: string, file: string): Promise<Replayed> => {
  const argv = [process.execPath, entry, 'replay', file];
  const seen = await onTerminal({ argv, marks: ['replaying', 'ended'], until: 'ended' });
  const [from, to] = [at(seen, 'replaying'), at(seen, 'ended')];
  return { frames: framesBetween(seen, from, to), seconds: to - from };
};

type Resident = { readonly rss: number; readonly peak: number };

/** Bytes that finwait has resident with so many orphans alive, the screen up and at rest. */
const residentWith = async (entry: string, file: string): Promise<Resident> => {
  const argv = [process.execPath, entry, 'replay', '--speed', 'max', file];
  const seen = await onTerminal({ argv, marks: ['ended'], until: 'ended', linger: SETTLE_SECONDS });
  if (seen.memory === null) throw new Error('finwait ended before it was told to');
  return seen.memory;
};

const measureMemory = async (
  entry: string,
  rounds: number,
  tell: (text: string) => void,
): Promise<readonly (readonly string[])[]> => {
  const rows: string[][] = [];
  for (const orphans of ORPHANS) {
    const file = join(scratchDir(), 'orphans.fwr');
    await makeOrphans(file, orphans);
    const taken: Resident[] = [];
    for (let round = 0; round < rounds; round++) taken.push(await residentWith(entry, file));
    tell(`screen: ${whole(orphans)} orphans`);
    const figures = [({ rss }: Resident) => rss, ({ peak }: Resident) => peak];
    rows.push([whole(orphans), ...figures.map((figure) => spread(taken.map(figure), megabytes))]);
  }
  return rows;
};

type Start = { readonly frameMs: number; readonly attachedMs: number; readonly aloneMs: number };

/**
 * From the start of the program to its first frame, and to the one that names the tracer, which it does once the probes
 * are attached; and bpftrace's own part in that. The word `tracing` would not do: it stands in notices before.
 */
export const startOnce = async (entry: string, program: BpftraceProgram): Promise<Start> => {
  const aloneMs = await startAlone(program, probesOf(entry));
  const [frame, attached] = ['finwait', `bpftrace ${program.version}`];
  const job = { argv: [process.execPath, entry, 'top'], marks: [frame, attached], until: attached };
  const seen = await onTerminal(job, { PATH: pathWith(program.path) });
  return { frameMs: at(seen, frame) * 1000, attachedMs: at(seen, attached) * 1000, aloneMs };
};

/** Frames under load, memory, and starts under each bpftrace. */
export const measureScreen = async (
  options: BenchOptions,
  entry: string,
  bpftraces: readonly BpftraceProgram[],
  tell: (text: string) => void,
): Promise<readonly string[]> => {
  const seconds = 2 * options.seconds;
  const file = join(scratchDir(), 'screen.fwr');
  tell(`screen: making ${whole(seconds * PER_SECOND)} lines`);
  await makeRecording(file, seconds * PER_SECOND);
  const replays: Replayed[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    const found = await replayUnderLoad(entry, file);
    tell(`screen: ${round === 0 ? 'warm-up' : `round ${round}`}: ${fixed(1)(found.frames.perSecond)} frames/s`);
    if (round > 0) replays.push(found);
  }
  const memory = await measureMemory(entry, options.rounds, tell);
  const starts: { readonly program: BpftraceProgram; readonly taken: readonly Start[] }[] = [];
  for (const program of bpftraces) {
    const taken: Start[] = [];
    for (let i = 0; i < (options.isQuick ? STARTS.quick : STARTS.full); i++)
      taken.push(await startOnce(entry, program));
    tell(`screen: started under bpftrace ${program.version}`);
    starts.push({ program, taken });
  }
  const frames = (figure: (frames: Frames) => number | null, digits: number): string =>
    spread(
      replays.map((replay) => figure(replay.frames)),
      fixed(digits),
    );
  const rate = spread(
    replays.map((replay) => (seconds * PER_SECOND) / replay.seconds),
    whole,
  );
  return [
    `${TERMINAL.columns} × ${TERMINAL.rows}; a recording of ${whole(PER_SECOND)} lines a second, ${seconds} s long, replayed at its own speed.`,
    '',
    ...tableLines(
      ['lines/s taken', 'frames/s', 'between frames, ms: median', 'p99', 'longest'],
      [
        [
          rate,
          frames(({ perSecond }) => perSecond, 1),
          frames(({ gapMs }) => gapMs.median, 0),
          frames(({ gapMs }) => gapMs.p99, 0),
          frames(({ gapMs }) => gapMs.longest, 0),
        ],
      ],
    ),
    '',
    `Memory with so many orphans alive, their announcements deferred, the screen up, ${SETTLE_SECONDS} s after the last of them:`,
    '',
    ...tableLines(['orphans', 'RSS, MB', 'peak RSS, MB'], memory),
    '',
    ...tableLines(
      [
        'bpftrace',
        'starts',
        'first frame, ms',
        'attached, ms',
        'bpftrace alone on the same script, ms',
        'beyond it, ms',
      ],
      starts.map(({ program, taken }) => [
        program.version,
        String(taken.length),
        ...[
          ({ frameMs }: Start) => frameMs,
          ({ attachedMs }: Start) => attachedMs,
          ({ aloneMs }: Start) => aloneMs,
          ({ attachedMs, aloneMs }: Start) => attachedMs - aloneMs,
        ].map((figure) => spread(taken.map(figure), whole)),
      ]),
    ),
  ];
};
