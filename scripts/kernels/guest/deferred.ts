import type { ClosePath } from '../../../src/explain/close-path.ts';
import type { LedgerRecord, Trace } from '../../../test/e2e/finwait.ts';
import {
  countedKinds,
  countRecords,
  deferredDifferences,
  hasty,
  type Kinds,
  kindOf,
  kindsOf,
  uncounted,
} from '../../../test/lab/deferred.ts';
import { expectedOf, isSpoiled, rowsOf } from '../../../test/lab/endings.ts';
import { type LabRun, namedOf } from '../judge.ts';
import type { Deferred, ScenarioVerdict, Verdict } from '../verdict.ts';
import type { Watcher } from './play.ts';

/** A socket that was dying for this long must be announced, even if an emulated CPU looks through its ring slowly. */
const SURELY_SLOW_US = 500_000;
/** A socket that was dying for less may have been announced inside a slow close(). Then it is played again. */
const IN_CLOSE_US = 500_000;
/** Deaths that took longer are named where the counts differ: they may have been about to be announced. */
const ALMOST_SLOW_US = 50_000;
/** The rows of two finwaits are one death when their times of its close differ by no more than this, ms. */
const SAME_MS = 500;

/** Judges a finwait that announces after `minAgeMs`, with the rows of `main`, which announces every socket at once. */
export const deferredWatcher = (
  trace: Trace,
  main: Watcher,
  scenarios: Watcher['scenarios'],
  minAgeMs: number,
): Watcher => ({
  trace,
  scenarios,
  judge: (lab, paths) => {
    const told = main.trace.paths();
    return Object.fromEntries(
      Object.keys(lab.scenarios).map((name) => [name, judge(name, lab, paths, told, trace.meta().backend, minAgeMs)]),
    );
  },
});

const judge = (
  name: string,
  lab: LabRun,
  paths: readonly ClosePath[],
  told: readonly ClosePath[],
  backend: string,
  minAgeMs: number,
): ScenarioVerdict => {
  const skipped = lab.scenarios[name];
  const verdict = (state: ScenarioVerdict['state'], why: readonly string[], row?: ClosePath): ScenarioVerdict => ({
    state,
    why,
    named: row === undefined || isSpoiled(row) ? null : namedOf(row, expectedOf(name, backend)),
    isSpoiled: row !== undefined && (isSpoiled(row) || (row.dying_us ?? 0) < IN_CLOSE_US),
  });
  if (skipped !== null && skipped !== undefined) return verdict('skipped', [skipped]);
  const socket = lab.sockets.find(({ scenario, role }) => scenario === name && role === 'dying');
  if (socket === undefined) return verdict('wrong', ['the lab made no socket die']);
  const isOurs = ({ closed_at }: ClosePath): boolean =>
    closed_at === null || (Date.parse(closed_at) >= lab.since && Date.parse(closed_at) <= lab.until);
  const rows = rowsOf(paths.filter(isOurs), socket);
  const [row] = rows;
  if (rows.length > 1)
    return verdict('wrong', [`${rows.length} rows of deferred announcements for port ${socket.lport}`]);
  if (row !== undefined) {
    const wrong = [
      ...deferredDifferences(socket, [row], backend),
      ...hasty([row], minAgeMs).map(() => 'a row of one that died fast'),
    ];
    return verdict(wrong.length === 0 ? 'right' : 'wrong', wrong, row);
  }
  const dyingUs = rowsOf(told.filter(isOurs), socket)[0]?.dying_us ?? 0;
  return dyingUs > SURELY_SLOW_US
    ? verdict('wrong', [`no row of a deferred announcement, though it was dying for ${Math.round(dyingUs / 1000)} ms`])
    : verdict('right', []);
};

/** Judges the counts and the ledger of a finwait that defers announcements, once it has ended. */
export const judgeEnd = (
  trace: Trace,
  scenarios: Verdict['scenarios'],
  told: readonly ClosePath[],
  ledger: LedgerRecord,
  isCounted: boolean,
): Deferred => {
  const announced = new Map<string, number[]>();
  for (const path of trace.paths()) {
    const times = announced.get(tupleOf(path)) ?? [];
    announced.set(tupleOf(path), [...times, timeOf(path)]);
  }
  const wasAnnounced = (path: ClosePath): boolean => {
    const times = announced.get(tupleOf(path)) ?? [];
    const at = times.findIndex((time) => !(Math.abs(time - timeOf(path)) > SAME_MS));
    return at >= 0 && times.splice(at, 1).length > 0;
  };
  const unannounced = told.filter((path) => !wasAnnounced(path));
  const wanted = kindsOf(unannounced.map(({ how, ended_by }) => ({ kind: kindOf(how, ended_by), count: 1 })));
  const counted = countedKinds(countRecords(trace.stdout()));
  const slow = unannounced.filter(({ dying_us }) => (dying_us ?? 0) > ALMOST_SLOW_US);
  return {
    scenarios,
    isCounted,
    ledger,
    rows: trace.paths().length,
    wanted: sumOf(wanted),
    counted: sumOf(counted),
    uncounted: uncounted(wanted, counted),
    kinds: `${textOf(wanted)}; counted ${textOf(counted)}; without a row, though slow: ${slow.map(slowText).join(', ')}`,
  };
};

const slowText = ({ lport, rport, dying_us, closed_at, ended_by }: ClosePath): string =>
  `${lport} ${rport} ${ended_by} ${dying_us} us ${closed_at}`;
const tupleOf = ({ netns, laddr, lport, raddr, rport }: ClosePath): string =>
  [netns, laddr, lport, raddr, rport].join(' ');
const timeOf = ({ closed_at }: ClosePath): number => (closed_at === null ? Number.NaN : Date.parse(closed_at));
const sumOf = (kinds: Kinds): number => [...kinds.values()].reduce((sum, count) => sum + count, 0);
const textOf = (kinds: Kinds): string => [...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ');
