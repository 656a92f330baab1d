import { alike, isRight, type ScenarioVerdict, type Verdict } from './verdict.ts';

/** A cell, and its verdict; null where the guest gave none. */
export type Result = { readonly kernel: string; readonly backend: string; readonly verdict: Verdict | null };

const count = (verdict: Verdict, state: ScenarioVerdict['state']): number =>
  Object.values(verdict.scenarios).filter((each) => each.state === state).length;

const lossyText = ({ lossy }: Verdict): string =>
  lossy === null
    ? 'not played'
    : lossy.skipped !== null
      ? 'no netem'
      : `${lossy.paths} of ${lossy.expected} ends, ${lossy.retransmits} sent again`;

const columns = ({ kernel, backend, verdict }: Result): readonly string[] => {
  if (verdict === null) return [kernel, '', backend, 'no verdict'];
  const { ledger } = verdict;
  return [
    verdict.kernel,
    verdict.bpftrace,
    backend,
    isRight(verdict) ? 'right' : 'WRONG',
    `${count(verdict, 'right')} right, ${count(verdict, 'wrong')} wrong, ${count(verdict, 'skipped')} not playable`,
    lossyText(verdict),
    ledger === null ? 'no ledger' : `drift ${ledger.drift ?? 'unknown'}, ${ledger.lost_events} lost`,
    verdict.disturbed.length === 0 ? '' : `${verdict.disturbed.length} tries lost events`,
    `${verdict.seconds} s`,
  ];
};

const HEAD = ['kernel', 'bpftrace', 'backend', 'all', 'scenarios', 'netem', 'ledger', 'tries', 'time'];

/** The matrix: a line for each cell. */
export const tableLines = (results: readonly Result[]): readonly string[] => {
  const rows = [HEAD, ...results.map(columns)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
};

/** What is wrong in a cell, a line each. */
export const wrongLines = ({ kernel, backend, verdict }: Result): readonly string[] => {
  if (verdict === null) return [];
  const at = `${kernel} ${backend}`;
  return [
    ...(verdict.error === null ? [] : [`${at}: ${verdict.error}`]),
    ...(verdict.lossy?.skipped == null ? [] : [`${at}: ${verdict.lossy.skipped}`]),
    ...Object.entries(verdict.scenarios)
      .filter(([, { state }]) => state === 'wrong')
      .map(([name, { why }]) => `${at}: ${name}: ${why.join('; ')}`),
  ];
};

/** Scenarios that the backends of one kernel do not name alike, a line each. */
export const unlikeLines = (results: readonly Result[]): readonly string[] =>
  Object.entries(Object.groupBy(results, ({ kernel }) => kernel)).flatMap(([kernel, cells = []]) => {
    const told = cells.flatMap(({ backend, verdict }) =>
      Object.entries(verdict?.scenarios ?? {}).flatMap(([name, { named }]) =>
        named === null ? [] : [{ backend, name, text: alike(name, named) }],
      ),
    );
    return Object.entries(Object.groupBy(told, ({ name }) => name))
      .filter(([, says = []]) => new Set(says.map(({ text }) => text)).size > 1)
      .map(
        ([name, says = []]) =>
          `${kernel}: ${name}: ${says.map(({ backend, text }) => `${backend} says ${text}`).join('; ')}`,
      );
  });
