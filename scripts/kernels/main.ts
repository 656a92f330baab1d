/** `npm run test:kernels`: finwait on three kernels, in each backend. docs/kernels.md says what it does. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chooseAccel, runGuest } from './guest.ts';
import { imageOf } from './image.ts';
import { BACKENDS, type Cell, KERNELS } from './kernels.ts';
import { addSbinToPath, isRoot, setUpMachine } from './machine.ts';
import { projectDisk } from './project.ts';
import { runProgram, say, Trouble } from './run-program.ts';
import { type Result, tableLines, unlikeLines, wrongLines } from './table.ts';
import { isRight, type Verdict } from './verdict.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(PROJECT, '.cache/kernels');
/** A cell ends itself after this, its boot included. */
const CELL_S = 240;

const usage = `npm run test:kernels -- [--kernel ${KERNELS.map(({ name }) => name).join('|')}] [--backend ${BACKENDS.join('|')}] [--build]`;

const chosenCells = (kernel: string | undefined, backend: string | undefined): readonly Cell[] => {
  const cells = KERNELS.filter(
    ({ name, suite }) => kernel === undefined || kernel === name || kernel === suite,
  ).flatMap((each) =>
    BACKENDS.filter((name) => backend === undefined || backend === name).map((b) => ({ kernel: each, backend: b })),
  );
  if (cells.length === 0) throw new Trouble(`no such cell; ${usage}`);
  return cells;
};

const runCell = async ({ kernel, backend }: Cell, project: string): Promise<Result> => {
  const image = await imageOf(kernel, CACHE);
  const accel = await chooseAccel(image, CACHE);
  const dir = join(CACHE, 'out', `${kernel.name}-${backend}`);
  say(`${kernel.name} ${backend}: boots (${accel})`);
  const outcome = await runGuest(image, project, accel, dir, CELL_S, ['--backend', backend]);
  const path = join(dir, 'verdict.json');
  const verdict: Verdict | null = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
  const isFine = verdict !== null && isRight(verdict);
  const what = outcome.isOver ? (verdict === null ? 'no verdict' : 'WRONG') : outcome.why;
  say(
    `${kernel.name} ${backend}: ${isFine ? `right, ${verdict.seconds} s` : `${what}; its console log and recording are in ${dir}`}`,
  );
  return { kernel: kernel.name, backend, verdict };
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: { kernel: { type: 'string' }, backend: { type: 'string' }, build: { type: 'boolean' } },
  });
  addSbinToPath();
  const cells = chosenCells(values.kernel, values.backend);
  await setUpMachine(isRoot());
  if (values.build === true) {
    for (const kernel of new Set(cells.map((cell) => cell.kernel))) await imageOf(kernel, CACHE);
    return 0;
  }
  await runProgram('npm', ['run', '--silent', 'build'], PROJECT);
  const project = await projectDisk(PROJECT, CACHE);
  const results: Result[] = [];
  for (const cell of cells) results.push(await runCell(cell, project));
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
