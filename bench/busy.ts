import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { zstdDecompressSync } from 'node:zlib';
import type { BpftraceProgram } from '../src/capture/bpftrace/bpftrace.ts';
import { startChild } from './child.ts';
import { onLeave, scratchDir } from './cleanup.ts';
import { pathWith } from './finwait.ts';
import type { BenchOptions } from './options.ts';
import { startOnce } from './screen.ts';
import { spread } from './statistics.ts';
import { fixed, megabytes, tableLines, whole } from './table.ts';
import { usageOf } from './usage.ts';

const MAKER = fileURLToPath(new URL('make_orphans.py', import.meta.url));
/** Network namespaces beside the host's own, and orphans in one of them. */
const GROUNDS = [
  [1, 10],
  [30, 10],
  [300, 10],
  [1, 36_000],
] as const;
const PREFIX = 'finwait-busy';
const ATTACH_MS = 60_000;
/** From the attach to the stop: the inventory and what follows it are over by then. */
const WATCH_MS = 15_000;
/** At the end of that time, for the CPU that a capture at rest takes. */
const REST_MS = 4000;

/** Counts what finwait starts: programs that these start in turn are not its own. */
const COUNT_SPAWNS = `data:text/javascript,${encodeURIComponent(`
import { ChildProcess } from 'node:child_process';
const { spawn } = ChildProcess.prototype;
let count = 0;
ChildProcess.prototype.spawn = function (options) { count++; return spawn.call(this, options); };
process.on('exit', () => process.stderr.write('spawned ' + count + '\\n'));
`)}`;

type Run = {
  readonly attachMs: number;
  readonly inventoryMs: number;
  readonly stopMs: number;
  readonly spawns: number;
  readonly restCpu: number;
  readonly rss: number;
};

/** A node under some load; `end` takes it down. */
type Ground = { readonly name: string; readonly end: () => void };

const batch = (lines: readonly string[]): void => {
  execFileSync('ip', ['-force', '-batch', '-'], { input: lines.map((line) => `${line}\n`).join('') });
};

/** Namespaces without a process, as a node has them for what has just ended; the first has all the orphans. */
const makeGround = (namespaces: number, orphans: number): Ground => {
  const names = Array.from({ length: namespaces }, (_, i) => `${PREFIX}-${process.pid}-${i}`);
  const [first = ''] = names;
  const inside = (...args: readonly string[]): void => {
    execFileSync('ip', ['netns', 'exec', first, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  };
  const end = onLeave(() => {
    inside('ss', '-HKtn', 'state', 'all');
    batch(names.map((name) => `netns del ${name}`));
  });
  batch(names.map((name) => `netns add ${name}`));
  inside('ip', 'link', 'set', 'lo', 'up');
  inside('python3', MAKER, String(orphans));
  return { name: `${namespaces} ${namespaces === 1 ? 'namespace' : 'namespaces'}, ${whole(orphans)} orphans`, end };
};

/** The time that the first inventory of a recording took, from the attach on. */
const inventoryMsOf = (file: string): number => {
  const lines = zstdDecompressSync(readFileSync(file)).toString().split('\n');
  const [, , since] = lines.find((line) => line.startsWith('e '))?.split(' ') ?? [];
  if (since === undefined) throw new Error('the recording has no inventory');
  return Number(since) / 1e6;
};

const runOnce = async (entry: string, program: BpftraceProgram): Promise<Run> => {
  const file = join(scratchDir(), 'busy.fwr');
  const began = performance.now();
  const child = await startChild(process.execPath, ['--import', COUNT_SPAWNS, entry, 'record', '-o', file], {
    env: { PATH: pathWith(program.path) },
    stdout: 'ignore',
  });
  const isAttached = (): boolean => child.said().stderr.includes('recording to');
  if (!(await child.until(isAttached, ATTACH_MS))) throw new Error(`finwait: ${child.said().stderr.slice(-400)}`);
  const attachMs = performance.now() - began;
  await sleep(WATCH_MS - REST_MS);
  const before = usageOf(child.pid);
  await sleep(REST_MS);
  const after = usageOf(child.pid);
  const told = performance.now();
  await child.stop();
  return {
    attachMs,
    inventoryMs: inventoryMsOf(file),
    stopMs: performance.now() - told,
    spawns: Number(/^spawned (\d+)$/m.exec(child.said().stderr)?.[1] ?? Number.NaN),
    restCpu: (100_000 * (after.cpuSeconds - before.cpuSeconds)) / REST_MS,
    rss: after.peakRss,
  };
};

/** Attach, first frame, inventory, stop, spawns, CPU at rest and memory on a node with many namespaces or many orphans. */
export const measureBusy = async (
  options: BenchOptions,
  entry: string,
  bpftraces: readonly BpftraceProgram[],
  tell: (text: string) => void,
): Promise<readonly string[]> => {
  const rows: string[][] = [];
  for (const program of bpftraces) {
    for (const [namespaces, orphans] of GROUNDS) {
      const { name, end } = makeGround(namespaces, orphans);
      const runs: Run[] = [];
      const frames: number[] = [];
      for (let round = 0; round < options.rounds; round++) {
        runs.push(await runOnce(entry, program));
        frames.push((await startOnce(entry, program)).frameMs);
      }
      end();
      tell(`busy: ${name}, bpftrace ${program.version}`);
      const of = (figure: (run: Run) => number, text: (value: number) => string): string =>
        spread(runs.map(figure), text);
      rows.push([
        ...[name, program.version, spread(frames, whole)],
        ...[of(({ attachMs }) => attachMs, whole), of(({ inventoryMs }) => inventoryMs, whole)],
        ...[of(({ stopMs }) => stopMs, whole), of(({ spawns }) => spawns, whole)],
        ...[of(({ restCpu }) => restCpu, fixed(1)), of(({ rss }) => rss, megabytes)],
      ]);
    }
  }
  return [
    ...tableLines(
      [
        ...['beside its own the host has', 'bpftrace', 'first frame, ms', 'attached, ms', 'inventory, ms'],
        ...['SIGINT to exit, ms', 'programs started', 'CPU at rest, % of a core', 'peak RSS, MB'],
      ],
      rows,
    ),
    '',
    `\`finwait record\`, stopped ${WATCH_MS / 1000} s after its attach; the first frame is that of \`finwait top\`. The namespaces have no process, the hardest kind: each has to be entered. Peak RSS is the sum over finwait and bpftrace. The memory of 131,072 orphans, made of packed lines, is in the table of the screen.`,
  ];
};
