import type { ClosePath } from '../../../src/explain/close-path.ts';
import type { LabSocket } from '../../../test/e2e/lab.ts';
import { differences, type Expected, expectedOf, rowsOf } from '../../../test/lab/endings.ts';
import { type Guest, LIMITATIONS } from '../limitations.ts';
import type { ScenarioVerdict } from '../verdict.ts';

const nothing = (state: ScenarioVerdict['state'], ...why: readonly string[]): ScenarioVerdict => ({
  state,
  why,
  named: null,
});

/** Compares what finwait said of a scenario's socket with the table of endings. */
export const judge = (
  name: string,
  expected: Expected,
  sockets: readonly LabSocket[],
  paths: readonly ClosePath[],
  guest: Guest,
): ScenarioVerdict => {
  const [socket] = sockets;
  if (socket === undefined) return nothing('wrong', 'the lab made no socket die');
  const rows = rowsOf(paths, socket);
  const [row] = rows;
  if (row === undefined || rows.length > 1) return nothing('wrong', `${rows.length} rows for port ${socket.lport}`);
  const { how, closed_in, ended_by, waiting_for, side } = row;
  const named = { how, closed_in, ended_by, waiting_for, side };
  const wrong = differences(expected, row);
  if (wrong.length === 0) return { state: 'right', why: [], named };
  const limit = LIMITATIONS.find((each) => each.applies(guest) && name in each.instead);
  if (limit !== undefined && differences({ ...expected, ...limit.instead[name] }, row).length === 0) {
    return { state: 'limited', why: [limit.name], named };
  }
  return { state: 'wrong', why: wrong, named };
};

/** Every scenario of the table that was played. */
export const judgeAll = (
  names: readonly string[],
  socketsOf: (name: string) => readonly LabSocket[],
  skipped: (name: string) => string | null,
  paths: readonly ClosePath[],
  guest: Guest,
): Readonly<Record<string, ScenarioVerdict>> =>
  Object.fromEntries(
    names.map((name) => {
      const reason = skipped(name);
      const expected = expectedOf(name, guest.backend);
      if (reason !== null) return [name, nothing('skipped', reason)];
      if (expected === undefined) return [name, nothing('wrong', 'the table has no such ending')];
      return [name, judge(name, expected, socketsOf(name), paths, guest)];
    }),
  );
