import type { ClosePath } from '../../src/explain/close-path.ts';
import type { LedgerRecord } from '../../test/e2e/finwait.ts';
import { endedAs, expectedOf } from '../../test/lab/endings.ts';
import type { Living } from './living.ts';

const NAMED = ['how', 'closed_in', 'ended_by', 'waiting_for', 'side'] as const;
export type Named = Pick<ClosePath, (typeof NAMED)[number]>;

/** Scenarios in which these are chance: they depend on the moment at which a worker closes a subflow. */
const CHANCE: Readonly<Record<(typeof NAMED)[number], readonly string[]>> = {
  how: [],
  closed_in: ['mptcp'],
  ended_by: ['mptcp'],
  waiting_for: ['mptcp'],
  side: [],
};

/**
 * The part of a scenario that every backend of a kernel must say alike. Where the table of endings leaves the wait
 * open, nothing was waited for long: chance decides which of two short waits is the longer.
 */
export const alike = (name: string, named: Named): string =>
  NAMED.filter((field) => !CHANCE[field].includes(name))
    .filter((field) => field !== 'waiting_for' || expectedOf(name, '')?.waiting_for !== undefined)
    .map((field) => String(field === 'ended_by' ? endedAs(expectedOf(name, ''), named.ended_by) : named[field]))
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
  /** Its row itself says that events of it were lost. */
  readonly isSpoiled: boolean;
};

/** Connections over a wire with netem's delay and loss, and the number of their ends that have a row. */
export type Lossy = {
  readonly expected: number;
  readonly paths: number;
  /** Events lost meanwhile. */
  readonly lost: number;
  /** Retransmissions after the close, of all sockets. */
  readonly retransmits: number;
};

/**
 * The words of a second finwait, which announces sockets that were dying for 10 ms and counts those that died before.
 */
export type Deferred = {
  /** Each is `right` without a name where the socket died too fast for a row. */
  readonly scenarios: Readonly<Record<string, ScenarioVerdict>>;
  /** True if `doctor` says that this kernel counts what it skips in this backend. */
  readonly isCounted: boolean;
  readonly ledger: LedgerRecord;
  readonly rows: number;
  /** Deaths that the first finwait told of and this one had no row for; the number of deaths that it counted. */
  readonly wanted: number;
  readonly counted: number;
  /** The number of wanted deaths that were not counted as what they were. */
  readonly uncounted: number;
  /** Both, in words. */
  readonly kinds: string;
};

/** The same connections while another BPF program keeps the kernel from running ours. */
export type Misses = {
  readonly expected: number;
  readonly paths: number;
  /** Rows that say that something is missing. */
  readonly uncertain: number;
  /** Events that finwait counted as lost meanwhile. */
  readonly lost: number;
  /** True if `doctor` says that this kernel counts what it skips. */
  readonly isCounted: boolean;
  /** The ledger's drift at the end; null where it is unknown. */
  readonly drift: number | null;
  /** finwait's notices about it. */
  readonly notices: readonly string[];
};

/** Sockets of ss compared with /proc/net/tcp: their number, the number of those with a timer, and the differences. */
export type Sockets = { readonly compared: number; readonly timers: number; readonly wrong: readonly string[] };

/** A case where something is missing: the words that `doctor` and `trace` lack; or why it cannot be made here. */
export type Privilege = { readonly skipped: string | null; readonly wrong: readonly string[] };

/** The parts that a guest may be asked for beside the scenarios of IPv4, netem and the shorter retries. */
export const PARTS = ['ipv6', 'long', 'misses', 'privileges'] as const;
export type Part = (typeof PARTS)[number];

/** The verdict that a guest writes as verdict.json. */
export type Verdict = {
  /** uname -r. */
  readonly kernel: string;
  readonly bpftrace: string;
  readonly backend: string;
  readonly parts: readonly Part[];
  readonly scenarios: Readonly<Record<string, ScenarioVerdict>>;
  /** The scenarios over IPv6; null where this cell does not play them. */
  readonly ipv6: Readonly<Record<string, ScenarioVerdict>> | null;
  /** Null: it did not come to that. */
  readonly lossy: Lossy | null;
  /** The limits that were passed and that the kernel's log does not have. */
  readonly unlogged: readonly string[];
  /** The faults in the deadline of each socket with another tcp_orphan_retries; null: not compared yet. */
  readonly deadlines: Readonly<Record<string, readonly string[]>> | null;
  /** Sockets that live on, as both captures told of them; null: not judged yet. */
  readonly living: Living | null;
  /** The faults in what the deferred capture told of orphans killed at the limit; null: not judged yet. */
  readonly kills: readonly string[] | null;
  readonly deferred: Deferred | null;
  /** Null: it did not come to that. */
  readonly sockets: Sockets | null;
  readonly misses: Misses | null;
  readonly privileges: Readonly<Record<string, Privilege>>;
  /** The ledger record at rest, when all had died but what was meant to live. Null: none came. */
  readonly ledger: LedgerRecord | null;
  /** Scenarios that were played again, as the kernel had skipped probes meanwhile: a line for each time. */
  readonly again: readonly string[];
  /** Faults that prove nothing, for the same reason: the cell must be made again. */
  readonly disturbed: readonly string[];
  /** The error that stopped the cell half-way. */
  readonly error: string | null;
  readonly seconds: number;
};

/** The faults in a cell, a line each. Losses are shown. Only they excuse an end of the lossy wire without a row. */
export const faultsOf = (verdict: Verdict): readonly string[] => {
  const { lossy, ledger, misses, parts, deadlines } = verdict;
  const when = (isFault: boolean, text: string): readonly string[] => (isFault ? [text] : []);
  const scenarios = [
    ...Object.entries(verdict.scenarios),
    ...Object.entries(verdict.ipv6 ?? {}).map(([name, one]) => [`${name} (IPv6)`, one] as const),
  ];
  return [
    ...when(verdict.error !== null, `stopped: ${verdict.error}`),
    ...scenarios.filter(([, { state }]) => state === 'wrong').map(([name, { why }]) => `${name}: ${why.join('; ')}`),
    ...when(Object.keys(verdict.scenarios).length === 0, 'no scenario was played'),
    ...when(parts.includes('ipv6') && Object.keys(verdict.ipv6 ?? {}).length === 0, 'nothing was played over IPv6'),
    ...(lossy === null
      ? ['nothing was played over netem']
      : when(
          lossy.paths > lossy.expected || lossy.paths + lossy.lost + mostMissedIn(verdict) < lossy.expected,
          `netem: ${lossy.paths} rows of ${lossy.expected} ends`,
        )),
    ...verdict.unlogged.map((text) => `dmesg does not say: ${text}`),
    ...(deadlines === null || Object.keys(deadlines).length === 0
      ? ['no deadline was compared']
      : Object.entries(deadlines).flatMap(([name, wrong]) =>
          wrong.map((text) => `tcp_orphan_retries ${name}: ${text}`),
        )),
    ...(verdict.living === null ? ['no socket that lives on was judged'] : verdict.living.wrong),
    ...(verdict.kills ?? ['no kill at the limit was judged']),
    ...(ledger === null
      ? ['there is no ledger']
      : [
          ...when(ledger.drift !== 0, `the ledger drifts by ${ledger.drift ?? 'an unknown number'}`),
          ...when(ledger.in_flight !== 0, `${ledger.in_flight} orphans are under way for ever`),
          ...when(ledger.malformed !== 0, `${ledger.malformed} lines were malformed`),
        ]),
    ...faultsOfDeferred(verdict),
    ...faultsOfSockets(verdict.sockets),
    ...(parts.includes('misses') ? faultsOfMisses(misses) : []),
    ...when(
      parts.includes('privileges') && Object.keys(verdict.privileges).length === 0,
      'nothing was tried without privileges',
    ),
    ...Object.entries(verdict.privileges).flatMap(([name, { wrong }]) => wrong.map((text) => `${name}: ${text}`)),
  ];
};

/** Deaths that a kprobe or tracepoint may miss where the kernel counts most of the probes it skips (docs/kernels.md) … */
const MOST_MISSED = 3;
/** … and where it counts nothing. */
const MISSED_SHARE = 0.05;

/** The kernel counts every fentry probe that it skips. It skips some kprobes and tracepoints without counting them. */
export const uncountedIn = (backend: string): number => (backend === 'fentry' ? 0 : MOST_MISSED);

/**
 * Ends on the lossy wire that may lack a row: a missed destroy makes one row of two lives. 0 where the kernel counts all
 * that it skips.
 */
const mostMissedIn = ({ deferred }: Verdict): number => (deferred?.isCounted === false ? MOST_MISSED : 0);

const faultsOfDeferred = ({ backend, deferred, ledger }: Verdict): readonly string[] => {
  if (deferred === null) return ['no announcement was deferred'];
  const { scenarios, isCounted, wanted, counted, uncounted, kinds } = deferred;
  const missed =
    isCounted || backend === 'fentry' ? uncountedIn(backend) : Math.max(MOST_MISSED, Math.ceil(MISSED_SHARE * wanted));
  const lost = deferred.ledger.lost_events + (ledger?.lost_events ?? 0) + missed;
  const apart = Math.max(uncounted, Math.abs(wanted - counted));
  return [
    ...Object.entries(scenarios)
      .filter(([, { state }]) => state === 'wrong')
      .map(([name, { why }]) => `deferred: ${name}: ${why.join('; ')}`),
    ...(apart > lost ? [`deferred: ${apart} deaths more or other than were counted: ${kinds}`] : []),
    ...(deferred.ledger.drift === 0 && deferred.ledger.in_flight === 0
      ? []
      : [
          `deferred: the ledger drifts by ${deferred.ledger.drift ?? 'an unknown number'}, ${deferred.ledger.in_flight} under way`,
        ]),
    ...(deferred.ledger.malformed === 0 ? [] : [`deferred: ${deferred.ledger.malformed} lines were malformed`]),
  ];
};

/** The sockets that live for ever are there in each guest, and their timers run. */
const faultsOfSockets = (sockets: Sockets | null): readonly string[] => {
  if (sockets === null) return ['ss was not compared'];
  return sockets.timers === 0 ? ['ss: no timer was compared'] : sockets.wrong.map((text) => `ss: ${text}`);
};

export const faultsOfMisses = (misses: Misses | null): readonly string[] => {
  if (misses === null) return ['no probe was made to be skipped'];
  const { expected, paths, lost, isCounted, uncertain, notices } = misses;
  return [
    ...(isCounted && lost === 0 ? ['skipped probes: none was counted as lost'] : []),
    ...(lost > 0 && notices.length === 0 ? ['skipped probes: nothing was said of them'] : []),
    ...(isCounted && paths + lost < expected
      ? [`skipped probes: ${paths} rows of ${expected} ends, ${lost} lost`]
      : []),
    ...(!isCounted && lost === 0 && paths === expected && uncertain === 0 ? ['skipped probes: there were none'] : []),
  ];
};

/** True if all that could be played was right. */
export const isRight = (verdict: Verdict): boolean => faultsOf(verdict).length === 0;

/** The reason why a cell that is not right proves nothing and is made again; null where it proves something. */
export const whyAgain = (verdict: Verdict): string | null => {
  const lost = verdict.ledger?.lost_events ?? 0;
  if (verdict.disturbed.length > 0) return `it was disturbed: ${verdict.disturbed[0]}`;
  return verdict.error !== null ? `it stopped half-way (${lost} events lost): ${verdict.error}` : null;
};
