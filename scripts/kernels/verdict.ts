import type { ClosePath } from '../../src/explain/close-path.ts';
import type { LedgerRecord } from '../../test/e2e/finwait.ts';
import { expectedOf } from '../../test/lab/endings.ts';

const NAMED = ['how', 'closed_in', 'ended_by', 'waiting_for', 'side'] as const;
export type Named = Pick<ClosePath, (typeof NAMED)[number]>;

/**
 * What every backend of a kernel must say alike of a scenario. Where the table of endings leaves open what was waited for,
 * nothing was, for long: which of two short waits is the longer is chance.
 */
export const alike = (name: string, named: Named): string =>
  NAMED.filter((field) => field !== 'waiting_for' || expectedOf(name, '')?.waiting_for !== undefined)
    .map((field) => String(named[field]))
    .join(' ');

/**
 * One scenario in one cell.
 *
 * - `right`: as the table of endings has it
 * - `wrong`: otherwise, or there is not exactly one row of it; `why` says what differs
 * - `skipped`: the kernel cannot play it
 */
export type ScenarioVerdict = {
  readonly state: 'right' | 'wrong' | 'skipped';
  readonly why: readonly string[];
  readonly named: Named | null;
};

/** Connections over a wire with netem's delay and loss: how many of their ends have a row. */
export type Lossy = {
  /** Why this kernel has no netem; null where it has. */
  readonly skipped: string | null;
  readonly expected: number;
  readonly paths: number;
  /** After the close, of all. */
  readonly retransmits: number;
};

/** What a guest writes as verdict.json. */
export type Verdict = {
  /** uname -r. */
  readonly kernel: string;
  readonly bpftrace: string;
  readonly backend: string;
  readonly scenarios: Readonly<Record<string, ScenarioVerdict>>;
  /** Null: it did not come to that. */
  readonly lossy: Lossy | null;
  /** The last ledger record: at rest, when all had died. Null: none came. */
  readonly ledger: LedgerRecord | null;
  /** What was lost in each try that failed and lost events: it says nothing, and was made again. */
  readonly disturbed: readonly number[];
  /** What stopped the cell half-way. */
  readonly error: string | null;
  readonly seconds: number;
};

/**
 * Whether all that could be played was right. What was lost is shown, and is all that the ends of
 * a lossy wire may lack.
 */
export const isRight = (verdict: Verdict): boolean =>
  verdict.error === null &&
  Object.keys(verdict.scenarios).length > 0 &&
  Object.values(verdict.scenarios).every(({ state }) => state !== 'wrong') &&
  verdict.lossy !== null &&
  verdict.ledger !== null &&
  verdict.lossy.paths <= verdict.lossy.expected &&
  verdict.lossy.paths + verdict.ledger.lost_events >= verdict.lossy.expected &&
  verdict.ledger.drift === 0 &&
  verdict.ledger.in_flight === 0 &&
  verdict.ledger.malformed === 0;
