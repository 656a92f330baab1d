import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trace } from '../../../test/e2e/finwait.ts';
import { startLab } from '../../../test/e2e/lab.ts';
import { judgeLab, type LabRun } from '../judge.ts';
import type { Verdict } from '../verdict.ts';

const PLAY_MS = 150_000;
/** A scenario that is wrong while events were lost is played again, so often in all. */
const ROUNDS = 3;

/** Until all that died is told, and what was lost is counted: the kernel's own count is read once a second. */
export const settled = async (trace: Trace): Promise<void> => {
  let more = 2;
  const isAtRest = (): Promise<unknown> =>
    trace.nextLedger('drift 0 at rest', (row) => row.drift === 0 && row.in_flight === 0 && --more <= 0);
  // After a loss the sockets are counted again, five seconds later.
  await isAtRest().catch(isAtRest);
};

/** One lab under a finwait that runs already; others may run beside it. */
const playOne = async (
  trace: Trace,
  out: string,
  names: readonly string[],
  ...options: readonly string[]
): Promise<LabRun> => {
  const since = Date.now();
  const lab = startLab('--hold', ...options, ...names);
  try {
    await lab.until('all is played', () => lab.of('lab_hold').length > 0, PLAY_MS);
    const failed = lab.of('lab_failed').map(({ scenario, error }) => `${scenario}: ${error}`);
    if (failed.length > 0) throw new Error(`the lab failed: ${failed.join('; ')}`);
    let more = 3;
    await trace.nextLedger('all that it told', () => --more === 0);
    return {
      since,
      until: Date.now(),
      scenarios: Object.fromEntries(names.map((name) => [name, lab.skipped(name)])),
      sockets: lab.of('lab_socket').filter(({ role }) => role === 'dying'),
    };
  } finally {
    appendFileSync(join(out, 'lab.ndjson'), lab.stdout());
    appendFileSync(join(out, 'lab.stderr'), lab.stderr());
    // Its namespaces go while the next lab begins, whose may get their inodes: rows are told apart by when they came.
    void lab.stop();
  }
};

/** Scenarios, each as it was played last. */
export type Rounds = Pick<Verdict, 'scenarios' | 'again' | 'disturbed'> & { readonly labs: readonly LabRun[] };

/** Only these of a lab. */
const keepOf = (lab: LabRun, isKept: (name: string) => boolean): LabRun => ({
  ...lab,
  scenarios: Object.fromEntries(Object.entries(lab.scenarios).filter(([name]) => isKept(name))),
  sockets: lab.sockets.filter(({ scenario }) => isKept(scenario)),
});

/**
 * Plays scenarios. What came out wrong while the kernel skipped probes says nothing, and is played again. What is wrong
 * with nothing lost is wrong.
 */
export const playRounds = async (
  trace: Trace,
  out: string,
  names: readonly string[],
  ...options: readonly string[]
): Promise<Rounds> => {
  const scenarios: Record<string, Verdict['scenarios'][string]> = {};
  const labs: LabRun[] = [];
  const again: string[] = [];
  let left = names;
  for (let round = 1; left.length > 0; round++) {
    const before = trace.ledger().lost_events;
    const told = trace.paths().length;
    const lab = await playOne(trace, out, left, ...options);
    const lost = trace.ledger().lost_events - before;
    const judged = judgeLab(lab, trace.paths().slice(told), trace.meta().backend);
    Object.assign(scenarios, judged);
    const disturbed = Object.entries(judged)
      .filter(([, { state, isSpoiled }]) => state === 'wrong' && (isSpoiled || lost > 0))
      .map(([name, { why }]) => ({ name, text: `${name}: ${lost} events lost, and ${why.join('; ')}` }));
    left = disturbed.map(({ name }) => name);
    labs.push(keepOf(lab, (name) => !left.includes(name)));
    if (round === ROUNDS) return { scenarios, labs, again, disturbed: disturbed.map(({ text }) => text) };
    again.push(...disturbed.map(({ text }) => text));
  }
  return { scenarios, labs, again, disturbed: [] };
};
