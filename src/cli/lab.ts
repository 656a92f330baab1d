import { EXIT, type ExitCode, Fault } from '../kernel/fault.ts';
import { selectScenarios, shuffled } from '../lab/catalogue.ts';
import { checkLab } from '../lab/checks.ts';
import type { Scenario } from '../lab/scenario.ts';
import { createLabText, listLines } from '../lab/text.ts';
import { runWorker } from '../lab/worker.ts';
import { tell } from '../output/stderr.ts';
import { createOutput } from '../output/stdout.ts';
import { printable } from '../text/printable.ts';
import { untilSignalled } from './source.ts';

export type LabOptions = {
  readonly list?: boolean;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly count: number;
  readonly atOnce: number;
  /** True: by a seed of our choice, which is told. */
  readonly shuffle?: true | number;
  readonly json?: boolean;
  readonly host?: boolean;
  readonly hold?: boolean;
};

/** Each play has ten ports of its own, and there are 65,535. */
const MOST_PLAYS = 5000;

const usage = (what: string, why: string, remedy: string): Fault =>
  new Fault(what, { why, remedy, exitCode: EXIT.usage });

const choose = (words: readonly string[], options: LabOptions): readonly Scenario[] => {
  const { scenarios, unknown } = selectScenarios(words);
  if (unknown.length > 0) {
    throw usage(
      `no scenario is called ${unknown.join(', ')}`,
      'only those of the list can be played',
      'finwait lab --list',
    );
  }
  const hostWide = scenarios.filter(({ needs }) => needs === 'host').map(({ name }) => name);
  if (hostWide.length > 0 && options.host !== true) {
    throw usage(
      `${hostWide.join(', ')}: sets a sysctl of the whole machine for a moment`,
      'other programs of this machine may lose connections meanwhile; the value is restored, where all of the lab is killed by the next finwait that root starts',
      `finwait lab --host ${hostWide.join(' ')}`,
    );
  }
  if (scenarios.length * options.count > MOST_PLAYS) {
    throw usage(`more than ${MOST_PLAYS} plays`, 'each has ports of its own', 'give a smaller --count');
  }
  return scenarios;
};

/**
 * `finwait lab [SCENARIO...]`: makes sockets die in known ways, in network namespaces of its own. Exit 1 when a play
 * failed.
 *
 * @throws Fault with exit 2 for a scenario it does not know, 3 where this machine cannot run the lab
 */
export const lab = async (words: readonly string[], options: LabOptions): Promise<ExitCode> => {
  const output = createOutput();
  if (options.list === true) {
    for (const line of listLines()) output.line(printable(line));
    await output.flush();
    return EXIT.done;
  }
  const scenarios = choose(words, options);
  const programs = checkLab();
  let jobs = Array.from({ length: options.count }, () => scenarios)
    .flat()
    .map(({ name, seconds }) => ({ scenario: name, seconds }));
  if (options.shuffle !== undefined) {
    const seed = options.shuffle === true ? Date.now() % 1_000_000 : options.shuffle;
    if (options.shuffle === true) tell(`shuffled; the same order again: --shuffle ${seed}`);
    jobs = [...shuffled(jobs, seed)];
  }
  const text = createLabText();
  let failed = 0;
  await runWorker(
    {
      family: options.ipv6 === true ? 'ipv6' : 'ipv4',
      jobs,
      at_once: options.atOnce,
      hold: options.hold === true,
    },
    programs,
    (event) => {
      if (event.type === 'lab_failed') failed++;
      if (options.json === true) output.record(event);
      else for (const line of text(event)) output.line(printable(line));
    },
    AbortSignal.any([untilSignalled(), output.closed]),
  );
  await output.flush();
  return failed > 0 ? EXIT.failed : EXIT.done;
};
