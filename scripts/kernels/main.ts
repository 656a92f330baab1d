/** `npm run test:kernels`: finwait on three kernels, in each backend. docs/kernels.md says what it does. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Accel, chooseAccel, runGuest } from './guest.ts';
import { type Image, imagesOf } from './image.ts';
import { BACKENDS, type Cell, KERNELS, type Kernel } from './kernels.ts';
import { addSbinToPath, isRoot, setUpMachine } from './machine.ts';
import { overheadLines, type Rates } from './overhead.ts';
import { projectDisk } from './project.ts';
import { left, nameOf, runCells } from './run-cells.ts';
import { runProgram, say, Trouble } from './run-program.ts';
import { halfPlayedLines, noteLines, tableLines, unlikeLines, wrongLines } from './table.ts';
import { isRight } from './verdict.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(PROJECT, '.cache/kernels');
const OUT = join(CACHE, 'out');
/** All cells together: a cell that has not begun by then is not reached, and that is a failure. */
const MINUTES = 58;
const OVERHEAD_S = 300;
/** The age at which the deferred capture announces. An emulated CPU needs 10 ms and more for a close() alone. */
const MIN_AGE_MS: Readonly<Record<Accel, number>> = { kvm: 10, tcg: 100 };
const MOST_AT_ONCE = 4;

const usage = `npm run test:kernels -- [--kernel ${KERNELS.map(({ name }) => name).join('|')}] [--backend ${BACKENDS.join('|')}] [--quick] [--long] [--at-once N] [--minutes N] [--build | --overhead | --golden]`;

const chosenCells = (kernel: string | undefined, backend: string | undefined): readonly Cell[] => {
  const cells = KERNELS.filter(
    ({ name, suite }) => kernel === undefined || kernel === name || kernel === suite,
  ).flatMap((each) =>
    BACKENDS.filter((name) => backend === undefined || backend === name).map((b) => ({ kernel: each, backend: b })),
  );
  if (cells.length === 0) throw new Trouble(`no such cell; ${usage}`);
  return cells;
};

/** The ordinary tests replay what a right cell recorded. */
const keepGolden = (name: string, backend: string): void => {
  const golden = join(PROJECT, 'test/fixtures/golden');
  mkdirSync(golden, { recursive: true });
  copyFileSync(join(OUT, name, 'cell.fwr'), join(golden, `${backend}.fwr`));
  copyFileSync(join(OUT, name, 'labs.json'), join(golden, `${backend}.json`));
};

/** Each has two CPUs. Two at once on two CPUs, which others used too, took as long as one after the other. */
const guestsAtOnce = (): number => Math.max(1, Math.min(MOST_AT_ONCE, availableParallelism() >> 1));

const wholeNumber = (option: string, text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Trouble(`--${option} ${text}: not a number; ${usage}`);
  return Number(text);
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      kernel: { type: 'string' },
      backend: { type: 'string' },
      quick: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      'at-once': { type: 'string', default: String(guestsAtOnce()) },
      minutes: { type: 'string', default: String(MINUTES) },
      build: { type: 'boolean' },
      overhead: { type: 'boolean' },
      golden: { type: 'boolean' },
    },
  });
  addSbinToPath();
  const cells = chosenCells(values.kernel, values.backend);
  const kernels = [...new Set(cells.map(({ kernel }) => kernel))];
  await setUpMachine(isRoot());
  const images = await imagesOf(kernels, CACHE);
  if (values.build === true) return 0;

  await runProgram('npm', ['run', '--silent', 'build'], PROJECT);
  const project = await projectDisk(PROJECT, CACHE);
  const imageOf = (kernel: Kernel): Image => {
    const image = images.get(kernel);
    if (image === undefined) throw new Error(`${kernel.name} has no image`);
    return image;
  };
  const [first] = images.values();
  const accel = first === undefined ? 'tcg' : await chooseAccel(first, CACHE);
  if (values.overhead === true) {
    const measured: Rates[] = [];
    for (const kernel of kernels) {
      const dir = join(OUT, `${kernel.name}-overhead`);
      say(`${kernel.name}: measures`);
      const outcome = await runGuest(imageOf(kernel), project, accel, dir, OVERHEAD_S, 'overhead');
      const rates = left<Rates>(dir, 'rates.json');
      if (rates === null) throw new Trouble(`${kernel.name}: ${outcome.isOver ? 'no figures' : outcome.why}`);
      measured.push(rates);
    }
    process.stdout.write(`${overheadLines(measured).join('\n')}\n`);
    return 0;
  }
  const results = await runCells(cells, {
    boot: ({ kernel }, seconds, dir, ...args) =>
      runGuest(imageOf(kernel), project, accel, dir, seconds, 'cell', ...args, `--min-age=${MIN_AGE_MS[accel]}`),
    out: OUT,
    atOnce: wholeNumber('at-once', values['at-once']),
    seconds: 60 * wholeNumber('minutes', values.minutes),
    // A fixture is one workload, the same in each backend.
    isQuick: values.quick || values.golden === true,
    isLong: values.long,
    isEmulated: accel === 'tcg',
    now: () => performance.now(),
  });
  if (values.golden === true) {
    for (const cell of cells) {
      const verdict = results.find((one) => one.kernel === cell.kernel.name && one.backend === cell.backend)?.verdict;
      if (verdict != null && isRight(verdict)) keepGolden(nameOf(cell), cell.backend);
    }
  }
  const wrong = [...results.flatMap(wrongLines), ...unlikeLines(results), ...halfPlayedLines(results)];
  const sections = [tableLines(results), noteLines(results), wrong].filter((lines) => lines.length > 0);
  const report = sections.map((lines) => `${lines.join('\n')}\n`).join('\n');
  process.stdout.write(report);
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, 'table.txt'), report);
  if (wrong.length === 0) return 0;
  say('console logs and recordings: .cache/kernels/out');
  return 1;
};

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Trouble)) throw error;
  say(error.message);
  process.exitCode = 1;
}
