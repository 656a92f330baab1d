// `npm run bench`: the cost of capture on the host, the speed of the pipeline, the pace of the screen. See
// bench/README.md.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BpftraceProgram, findBpftrace } from '../src/capture/bpftrace/bpftrace.ts';
import { Fault } from '../src/kernel/fault.ts';
import { bareAttach, leastDeferredScript, leastScript } from './bare.ts';
import { measureBusy } from './busy.ts';
import { runCapture } from './capture.ts';
import { captureLines, captureNotes } from './capture-table.ts';
import { scratchDir } from './cleanup.ts';
import { finwaitTools, pathWith, probesOf } from './finwait.ts';
import { buildLoad, removeStale } from './load.ts';
import { machineLine } from './machine.ts';
import { type BenchOptions, commandOf, type Part, parseOptions, USAGE } from './options.ts';
import { pageWith, type Section } from './page.ts';
import { peerTools } from './peers.ts';
import { measurePipeline } from './pipeline.ts';
import { measureScreen } from './screen.ts';
import { NOTHING, type Tool } from './tool.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const tell = (text: string): void => {
  process.stderr.write(`bench: ${text}\n`);
};

/** The bpftraces to measure with, and their versions. */
const findBpftraces = async (paths: readonly string[]): Promise<readonly BpftraceProgram[]> => {
  if (paths.length === 0) return [await findBpftrace()];
  const path = process.env.PATH;
  const found: BpftraceProgram[] = [];
  for (const each of paths) {
    process.env.PATH = pathWith(resolve(each));
    found.push(await findBpftrace());
    process.env.PATH = path;
  }
  return found;
};

const buildFinwait = (options: BenchOptions): string => {
  if (options.finwait !== null) return resolve(options.finwait);
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  return resolve(ROOT, 'dist/bin/finwait.js');
};

const isWanted = ({ name, role }: Tool, texts: readonly string[]): boolean =>
  texts.length === 0 || role === 'none' || role === 'bare' || texts.some((text) => name.includes(text));

const measureCapture = async (
  options: BenchOptions,
  entry: string,
  bpftraces: readonly BpftraceProgram[],
): Promise<readonly string[]> => {
  const tools = [
    NOTHING,
    ...bpftraces.flatMap((program) => [
      bareAttach(program, probesOf(entry)),
      leastScript(program),
      leastDeferredScript(program),
      ...finwaitTools(entry, program),
      ...(options.beside === null ? [] : finwaitTools(resolve(options.beside), program, ', the other build')),
    ]),
    ...peerTools(),
  ].filter((tool) => isWanted(tool, options.rows));
  const { seconds, rate, slow, rounds } = options;
  removeStale();
  const rows = await runCapture(buildLoad(scratchDir()), tools, { seconds, rate, slow, rounds }, tell);
  const notes = captureNotes(rows).map((note) => `- ${note}`);
  return [...captureLines(rows), ...(notes.length === 0 ? [] : ['', ...notes])];
};

const TITLES: Readonly<Record<Part, string>> = {
  capture: 'What capture costs the traced host',
  pipeline: 'The pipeline alone',
  screen: 'The screen',
  busy: 'A busy node',
};

const main = async (options: BenchOptions): Promise<void> => {
  const isLive = options.only.some((part) => part !== 'pipeline');
  if (isLive && process.getuid?.() !== 0) throw new Error('tracing needs root: sudo npm run bench');
  // Administrators' programs, which not every root shell finds.
  process.env.PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  const entry = isLive ? buildFinwait(options) : '';
  const bpftraces = isLive ? await findBpftraces(options.bpftraces) : [];
  const measure: Readonly<Record<Part, () => Promise<readonly string[]>>> = {
    capture: () => measureCapture(options, entry, bpftraces),
    pipeline: () => measurePipeline(options, tell),
    screen: () => measureScreen(options, entry, bpftraces, tell),
    busy: () => measureBusy(options, entry, bpftraces, tell),
  };
  const ground = machineLine(bpftraces.map(({ version }) => version));
  const sections: Section[] = [];
  for (const part of options.only) {
    const table = await measure[part]();
    const date = new Date().toISOString().slice(0, 10);
    const lines = [`## ${TITLES[part]}`, '', `\`${commandOf(options)}\`, ${date}; ${ground}`, '', ...table];
    process.stdout.write(`${lines.join('\n')}\n\n`);
    sections.push({ part, lines });
    if (options.out !== null) writePage(resolve(ROOT, options.out), sections);
  }
};

const writePage = (path: string, sections: readonly Section[]): void => {
  let page = '';
  try {
    page = readFileSync(path, 'utf8');
  } catch {
    // There is none yet.
  }
  writeFileSync(path, pageWith(page, sections));
  tell(`written: ${path}`);
};

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(USAGE);
  else await main(options);
} catch (error) {
  process.exitCode = 1;
  if (error instanceof Fault) tell(`${error.message}: ${error.why}\n  try: ${error.remedy}`);
  else tell(error instanceof Error ? error.message : String(error));
}
