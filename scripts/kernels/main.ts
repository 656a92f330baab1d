/** `npm run test:kernels`: finwait on three kernels, in each backend. docs/kernels.md says what it does. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chooseAccel, type Outcome, runGuest } from './guest.ts';
import { type Image, imageOf } from './image.ts';
import { BACKENDS, type Cell, KERNELS, type Kernel } from './kernels.ts';
import { addSbinToPath, isRoot, setUpMachine } from './machine.ts';
import { overheadText, type Rates } from './overhead.ts';
import { projectDisk } from './project.ts';
import { runProgram, say, Trouble } from './run-program.ts';
import { type Result, tableLines, unlikeLines, wrongLines } from './table.ts';
import { isRight, type Verdict } from './verdict.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(PROJECT, '.cache/kernels');
/** A cell ends itself after this, its boot included. */
const CELL_S = 240;

const usage = `npm run test:kernels -- [--kernel ${KERNELS.map(({ name }) => name).join('|')}] [--backend ${BACKENDS.join('|')}] [--build | --overhead | --golden]`;

const chosenCells = (kernel: string | undefined, backend: string | undefined): readonly Cell[] => {
  const cells = KERNELS.filter(
    ({ name, suite }) => kernel === undefined || kernel === name || kernel === suite,
  ).flatMap((each) =>
    BACKENDS.filter((name) => backend === undefined || backend === name).map((b) => ({ kernel: each, backend: b })),
  );
  if (cells.length === 0) throw new Trouble(`no such cell; ${usage}`);
  return cells;
};

type Boot = (kernel: Kernel, name: string, script: string, ...args: readonly string[]) => Promise<Outcome>;

/** What a guest left, as JSON; null where it left none. */
const left = <T>(name: string, file: string): T | null => {
  const path = join(CACHE, 'out', name, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
};

const runCell = async ({ kernel, backend }: Cell, boot: Boot): Promise<Result> => {
  const name = `${kernel.name}-${backend}`;
  say(`${name}: boots`);
  const outcome = await boot(kernel, name, 'cell', '--backend', backend);
  const verdict = left<Verdict>(name, 'verdict.json');
  const isFine = verdict !== null && isRight(verdict);
  const what = outcome.isOver ? (verdict === null ? 'no verdict' : 'WRONG') : outcome.why;
  say(
    `${name}: ${isFine ? `right, ${verdict.seconds} s` : `${what}; console log and recording: .cache/kernels/out/${name}`}`,
  );
  return { kernel: kernel.name, backend, verdict };
};

/** The ordinary tests replay what a right cell recorded. */
const keepGolden = (name: string, backend: string): void => {
  const golden = join(PROJECT, 'test/fixtures/golden');
  mkdirSync(golden, { recursive: true });
  copyFileSync(join(CACHE, 'out', name, 'cell.fwr'), join(golden, `${backend}.fwr`));
  copyFileSync(join(CACHE, 'out', name, 'labs.json'), join(golden, `${backend}.json`));
};

const overheadOf = async (kernel: Kernel, boot: Boot): Promise<string> => {
  const name = `${kernel.name}-overhead`;
  say(`${name}: boots`);
  const outcome = await boot(kernel, name, 'overhead');
  const rates = left<Rates>(name, 'rates.json');
  if (rates === null) throw new Trouble(`${name}: ${outcome.isOver ? 'no figures' : outcome.why}`);
  return `${kernel.name}: ${overheadText(rates)}\n`;
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      kernel: { type: 'string' },
      backend: { type: 'string' },
      build: { type: 'boolean' },
      overhead: { type: 'boolean' },
      golden: { type: 'boolean' },
    },
  });
  addSbinToPath();
  const cells = chosenCells(values.kernel, values.backend);
  await setUpMachine(isRoot());
  const images: (readonly [Kernel, Image])[] = [];
  for (const kernel of new Set(cells.map((cell) => cell.kernel))) images.push([kernel, await imageOf(kernel, CACHE)]);
  const [first] = images;
  if (values.build === true || first === undefined) return 0;

  await runProgram('npm', ['run', '--silent', 'build'], PROJECT);
  const project = await projectDisk(PROJECT, CACHE);
  const accel = await chooseAccel(first[1], CACHE);
  const boot: Boot = (kernel, name, ...run) => {
    const image = images.find(([each]) => each === kernel)?.[1] ?? first[1];
    return runGuest(image, project, accel, join(CACHE, 'out', name), CELL_S, ...run);
  };
  if (values.overhead === true) {
    for (const [kernel] of images) process.stdout.write(await overheadOf(kernel, boot));
    return 0;
  }
  const results: Result[] = [];
  for (const cell of cells) results.push(await runCell(cell, boot));
  if (values.golden === true) {
    for (const { kernel, backend, verdict } of results) {
      if (verdict !== null && isRight(verdict)) keepGolden(`${kernel}-${backend}`, backend);
    }
  }
  const wrong = [...results.flatMap(wrongLines), ...unlikeLines(results)];
  const report = [...tableLines(results), ...(wrong.length > 0 ? ['', ...wrong] : [])];
  process.stdout.write(`${report.join('\n')}\n`);
  writeFileSync(join(CACHE, 'out/table.txt'), `${report.join('\n')}\n`);
  return wrong.length === 0 && results.every(({ verdict }) => verdict !== null && isRight(verdict)) ? 0 : 1;
};

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Trouble)) throw error;
  say(error.message);
  process.exitCode = 1;
}
