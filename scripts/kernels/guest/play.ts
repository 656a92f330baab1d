import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import type { Trace } from '../../../test/e2e/finwait.ts';
import { startLab } from '../../../test/e2e/lab.ts';
import type { LabRun } from '../judge.ts';
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

/** A finwait that watches, how what it tells of a lab is judged, and what came out: each scenario as played last. */
export type Watcher = {
  readonly trace: Trace;
  readonly judge: (lab: LabRun, paths: readonly ClosePath[]) => Verdict['scenarios'];
  readonly scenarios: Record<string, Verdict['scenarios'][string]>;
};

/** One lab under finwaits that run already; others may run beside it. */
const playOne = async (
  watchers: readonly Watcher[],
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
    await Promise.all(
      watchers.map(({ trace }) => {
        let more = 3;
        return trace.nextLedger('all that it told', () => --more === 0);
      }),
    );
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

export type Rounds = Pick<Verdict, 'again' | 'disturbed'> & { readonly labs: readonly LabRun[] };

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
  watchers: readonly Watcher[],
  out: string,
  names: readonly string[],
  ...options: readonly string[]
): Promise<Rounds> => {
  const labs: LabRun[] = [];
  const again: string[] = [];
  let left = names;
  for (let round = 1; ; round++) {
    const before = watchers.map(({ trace }) => ({ lost: trace.ledger().lost_events, told: trace.paths().length }));
    const lab = await playOne(watchers, out, left, ...options);
    const disturbed = watchers.flatMap(({ trace, judge, scenarios }, index) => {
      const lost = trace.ledger().lost_events - (before[index]?.lost ?? 0);
      const judged = judge(lab, trace.paths().slice(before[index]?.told));
      Object.assign(scenarios, judged);
      return Object.entries(judged)
        .filter(([, { state, isSpoiled }]) => state === 'wrong' && (isSpoiled || lost > 0))
        .map(([name, { why }]) => ({ name, text: `${name}: ${lost} events lost, and ${why.join('; ')}` }));
    });
    left = [...new Set(disturbed.map(({ name }) => name))];
    labs.push(keepOf(lab, (name) => !left.includes(name)));
    const texts = disturbed.map(({ text }) => text);
    if (left.length === 0 || round === ROUNDS) return { labs, again, disturbed: texts };
    again.push(...texts);
  }
};
