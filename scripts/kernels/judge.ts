import type { ClosePath } from '../../src/explain/close-path.ts';
import type { LabSocket } from '../../test/e2e/lab.ts';
import {
  childFault,
  differences,
  type Expected,
  expectedOf,
  isSpoiled,
  rowsOf,
  SLOW_ENDINGS,
  subflowFault,
  waitedAs,
} from '../../test/lab/endings.ts';
import type { Named, ScenarioVerdict, Verdict } from './verdict.ts';

const MPTCP_WAIT_S = 0.3;

const nothing = (state: ScenarioVerdict['state'], ...why: readonly string[]): ScenarioVerdict => ({
  state,
  why,
  named: null,
  isSpoiled: false,
});

/** A subflow of MPTCP is no orphan while the DATA_FIN of the peer is awaited: 0.3 s, in this scenario. */
const isEarly = (name: string, { at }: LabSocket, { closed_at }: ClosePath): boolean =>
  name === 'mptcp' && closed_at !== null && Date.parse(closed_at) / 1000 < at - MPTCP_WAIT_S / 2;

/** The part of a row that every backend of a kernel must say alike. */
export const namedOf = (row: ClosePath, expected: Partial<Expected> | undefined): Named => {
  const { how, closed_in, ended_by, side } = row;
  return { how, closed_in, ended_by, waiting_for: waitedAs(expected, row), side };
};

/** Compares what finwait said of a scenario's socket with the table of endings. */
const judge = (
  name: string,
  sockets: readonly LabSocket[],
  paths: readonly ClosePath[],
  backend: string,
): ScenarioVerdict => {
  const expected = expectedOf(name, backend);
  const socket = sockets.find(({ scenario, role }) => scenario === name && role === 'dying');
  if (expected === undefined) return nothing('wrong', 'the table has no such ending');
  if (socket === undefined) return nothing('wrong', 'the lab made no socket die');
  const rows = rowsOf(paths, socket);
  const [row] = rows;
  if (row === undefined || rows.length > 1) return nothing('wrong', `${rows.length} rows for port ${socket.lport}`);
  const subflow = name in SLOW_ENDINGS ? subflowFault(row, socket) : null;
  const wrong = [
    ...differences(expected, row),
    ...(isEarly(name, socket, row) ? ['an orphan before its time'] : []),
    ...(subflow === null ? [] : [subflow]),
  ];
  return {
    state: wrong.length === 0 ? 'right' : 'wrong',
    why: wrong,
    named: namedOf(row, expected),
    isSpoiled: isSpoiled(row),
  };
};

/** A guest's note of each lab it ran: the truth that a trace, or a replay of its recording, is compared with. */
export type LabRun = {
  /** Milliseconds since 1970. Another lab has the same inodes and ports before it, or after. */
  readonly since: number;
  readonly until: number;
  /** A scenario's reason why this kernel cannot play it; null where it was played. */
  readonly scenarios: Readonly<Record<string, string | null>>;
  readonly sockets: readonly LabSocket[];
};

/** Every scenario of a lab, judged by the paths that were told. */
export const judgeLab = (lab: LabRun, paths: readonly ClosePath[], backend: string): Verdict['scenarios'] => {
  const isOurs = (at: number): boolean => at >= lab.since && at <= lab.until;
  const ours = paths.filter(({ closed_at }) => closed_at === null || isOurs(Date.parse(closed_at)));
  return Object.fromEntries(
    Object.entries(lab.scenarios).map(([name, skipped]): [string, ScenarioVerdict] =>
      skipped === null ? [name, judge(name, lab.sockets, ours, backend)] : [name, nothing('skipped', skipped)],
    ),
  );
};

/**
 * Judges a lab that was played just now, the children that its listeners forgot included. Recordings of older probes do not
 * have their whole tuples.
 */
export const judgeLive = (lab: LabRun, paths: readonly ClosePath[], backend: string): Verdict['scenarios'] =>
  Object.fromEntries(
    Object.entries(judgeLab(lab, paths, backend)).map(([name, verdict]): [string, ScenarioVerdict] => {
      const children = lab.sockets.filter(({ scenario, role }) => scenario === name && role === 'child');
      const faults = children.map((child) => childFault(paths, child)).filter((fault) => fault !== null);
      return [name, faults.length === 0 ? verdict : { ...verdict, state: 'wrong', why: [...verdict.why, ...faults] }];
    }),
  );
