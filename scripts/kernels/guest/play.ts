import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import type { LedgerRecord, Trace } from '../../../test/e2e/finwait.ts';
import { startLab } from '../../../test/e2e/lab.ts';
import type { LabRun } from '../judge.ts';
import type { Verdict } from '../verdict.ts';

const PLAY_MS = 150_000;
/** Rounds in all. A scenario that is wrong while events were lost is played again. */
const ROUNDS = 3;

/**
 * Waits until all deaths are told and all losses are counted: the kernel's own count is read once a second. Gives the
 * ledger at rest: a moment later a lab's namespaces may go, and sockets that die with them are in flight.
 */
export const settled = (trace: Trace): Promise<LedgerRecord> => {
  let more = 2;
  const isAtRest = (): Promise<LedgerRecord> =>
    trace.nextLedger('drift 0 at rest', (row) => row.drift === 0 && row.in_flight === 0 && --more <= 0);
  // After a loss the sockets are counted again, five seconds later.
  return isAtRest().catch(isAtRest);
};

/** The conditions under which a wrong answer proves nothing. They are asked once before a round, and once after. */
export type Conditions = {
  /** True if the kernel counts every probe that it skips in this backend. If not, a loss may be silent. */
  readonly isCounted: boolean;
  /** The longest that the guest stood still since it was last asked, ms. */
  readonly stalledMs: () => number;
};

/** Scenarios wait by the clock. A guest that stands still for longer than this plays something else. */
const STALL_MS = 500;
const LOOK_MS = 50;

/** Reads the clock all the time, and keeps how far it lagged. */
export const watchStalls = (): Conditions['stalledMs'] => {
  let longest = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - LOOK_MS);
    last = now;
  }, LOOK_MS).unref();
  return () => {
    const told = longest;
    longest = 0;
    return told;
  };
};

/** A finwait that watches a lab, the way its rows are judged, and the last verdict on each scenario. */
export type Watcher = {
  readonly trace: Trace;
  readonly judge: (lab: LabRun, paths: readonly ClosePath[]) => Verdict['scenarios'];
  readonly scenarios: Record<string, Verdict['scenarios'][string]>;
};

/** Plays one lab under finwaits that run already. Other labs may run beside it. Its end is put into `ended`. */
const playOne = async (
  watchers: readonly Watcher[],
  out: string,
  ended: Promise<unknown>[],
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
    // Its namespaces go while the next lab begins, which may get their inodes. So rows are told apart by their times.
    ended.push(lab.stop());
  }
};

export type Rounds = Pick<Verdict, 'again' | 'disturbed'> & { readonly labs: readonly LabRun[] };

/** The lab with only these scenarios. */
const keepOf = (lab: LabRun, isKept: (name: string) => boolean): LabRun => ({
  ...lab,
  scenarios: Object.fromEntries(Object.entries(lab.scenarios).filter(([name]) => isKept(name))),
  sockets: lab.sockets.filter(({ scenario }) => isKept(scenario)),
});

/** The reason why a wrong answer proves nothing; null when it proves a fault. */
const whyNothing = (lost: number, isSpoiled: boolean, { isCounted }: Conditions, stalledMs: number): string | null => {
  if (lost > 0) return `${lost} events lost`;
  if (isSpoiled) return 'events of its own were lost, or it was announced inside its close()';
  if (!isCounted) return 'not all that the kernel skips is counted';
  return stalledMs > STALL_MS ? `the guest stood still for ${Math.round(stalledMs)} ms` : null;
};

/**
 * Plays scenarios. A wrong answer proves nothing when the kernel skipped probes, or may have, or when the guest stood
 * still: then the scenario is played again. It is a fault in any other case, and when it is wrong in every round.
 */
export const playRounds = async (
  watchers: readonly Watcher[],
  conditions: Conditions,
  out: string,
  names: readonly string[],
  ...options: readonly string[]
): Promise<Rounds> => {
  const labs: LabRun[] = [];
  const again: string[] = [];
  const ended: Promise<unknown>[] = [];
  let left = names;
  for (let round = 1; ; round++) {
    const before = watchers.map(({ trace }) => ({ lost: trace.ledger().lost_events, told: trace.paths().length }));
    conditions.stalledMs();
    // A lab that changes the whole host waits for the one before it to have restored that.
    await Promise.all(ended);
    const lab = await playOne(watchers, out, ended, left, ...options);
    const stalledMs = conditions.stalledMs();
    const disturbed = watchers.flatMap(({ trace, judge, scenarios }, index) => {
      const lost = trace.ledger().lost_events - (before[index]?.lost ?? 0);
      const judged = judge(lab, trace.paths().slice(before[index]?.told));
      Object.assign(scenarios, judged);
      return Object.entries(judged).flatMap(([name, { state, isSpoiled, why }]) => {
        const reason = state === 'wrong' ? whyNothing(lost, isSpoiled, conditions, stalledMs) : null;
        return reason === null ? [] : [{ name, text: `${name}: ${reason}, and ${why.join('; ')}` }];
      });
    });
    left = [...new Set(disturbed.map(({ name }) => name))];
    labs.push(keepOf(lab, (name) => !left.includes(name)));
    const texts = disturbed.map(({ text }) => text);
    if (left.length === 0 || round === ROUNDS) return { labs, again, disturbed: texts };
    again.push(...texts);
  }
};
