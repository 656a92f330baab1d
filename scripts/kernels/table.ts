import { alike, faultsOf, isRight, type ScenarioVerdict, type Verdict } from './verdict.ts';

/** A cell, and its verdict; null where the guest gave none. */
export type Result = {
  readonly kernel: string;
  readonly backend: string;
  readonly verdict: Verdict | null;
  /** The reasons why it was made again, each time. */
  readonly again: readonly string[];
  /** False: there was no time left for it. */
  readonly isReached: boolean;
};

type Scenarios = Readonly<Record<string, ScenarioVerdict>>;

const count = (scenarios: Scenarios, state: ScenarioVerdict['state']): number =>
  Object.values(scenarios).filter((each) => each.state === state).length;

const playedText = (scenarios: Scenarios): string => {
  const wrong = count(scenarios, 'wrong');
  return `${count(scenarios, 'right')} right${wrong > 0 ? `, ${wrong} WRONG` : ''}`;
};

const sumText = (wrongs: readonly (readonly string[])[]): string => {
  const right = wrongs.filter((wrong) => wrong.length === 0).length;
  return `${right} right${right < wrongs.length ? `, ${wrongs.length - right} WRONG` : ''}`;
};

const deferredText = ({ deferred }: Verdict): string => {
  if (deferred === null) return 'none';
  const { scenarios, rows, counted } = deferred;
  return `${playedText(scenarios)}; ${rows} rows, ${counted} counted`;
};

const missesText = ({ misses, parts }: Verdict): string => {
  if (!parts.includes('misses')) return '';
  if (misses === null) return 'none made';
  return misses.isCounted ? `${misses.lost} lost, told` : `not counted, ${misses.uncertain} rows doubtful`;
};

const columns = ({ kernel, backend, verdict, isReached }: Result): readonly string[] => {
  if (verdict === null) return [kernel, '', backend, isReached ? 'NO VERDICT' : 'NOT REACHED'];
  const { ledger, lossy, deadlines, living, sockets } = verdict;
  return [
    verdict.kernel,
    verdict.bpftrace,
    backend,
    isRight(verdict) ? 'right' : 'WRONG',
    playedText(verdict.scenarios),
    verdict.ipv6 === null ? '' : playedText(verdict.ipv6),
    deferredText(verdict),
    lossy === null ? 'not played' : `${lossy.paths}/${lossy.expected} ends`,
    deadlines === null ? 'none' : sumText(Object.values(deadlines)),
    living === null ? 'none' : `${living.windows} windows, ${living.looks} looks`,
    sockets === null ? 'none' : `${sockets.compared} ${sockets.wrong.length === 0 ? 'alike' : 'NOT ALIKE'}`,
    missesText(verdict),
    verdict.parts.includes('privileges') ? sumText(Object.values(verdict.privileges).map(({ wrong }) => wrong)) : '',
    ledger === null ? 'none' : `drift ${ledger.drift ?? 'unknown'}, ${ledger.lost_events} lost`,
    `${verdict.seconds} s`,
  ];
};

const HEAD = [
  ...['kernel', 'bpftrace', 'backend', 'all', 'scenarios', 'IPv6', 'deferred', 'netem', 'deadlines', 'living', 'ss'],
  ...['skipped probes', 'privileges', 'ledger', 'time'],
];

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

/** The faults in a cell, a line each. */
export const wrongLines = ({ kernel, backend, verdict, isReached }: Result): readonly string[] =>
  (verdict === null ? [isReached ? 'no verdict' : 'not reached: no time was left'] : faultsOf(verdict)).map(
    (text) => `${kernel} ${backend}: ${text}`,
  );

/** The things that could not be played, a line for each reason; and the cells that were made again. */
export const noteLines = (results: readonly Result[]): readonly string[] => {
  const skips = results.flatMap(({ kernel, verdict }) => [
    ...[verdict?.scenarios ?? {}, verdict?.ipv6 ?? {}].flatMap((scenarios) =>
      Object.entries(scenarios).flatMap(([name, { state, why }]) =>
        state === 'skipped' ? [`${kernel}: not played: ${name}: ${why.join('; ')}`] : [],
      ),
    ),
    ...Object.entries(verdict?.privileges ?? {}).flatMap(([name, { skipped }]) =>
      skipped === null ? [] : [`${kernel}: not tried: ${name}: ${skipped}`],
    ),
  ]);
  const again = results.flatMap(({ kernel, backend, again, verdict }) => [
    ...again.map((why) => `${kernel} ${backend}: made again: ${why}`),
    ...(verdict?.again ?? []).map((why) => `${kernel} ${backend}: played again: ${why}`),
  ]);
  return [...new Set([...skips, ...again])];
};

/** Scenarios that one cell played, and another of the same kernel could not: it was too slow, a line each. */
export const halfPlayedLines = (results: readonly Result[]): readonly string[] =>
  Object.entries(Object.groupBy(results, ({ kernel }) => kernel)).flatMap(([kernel, cells = []]) => {
    const all = cells.flatMap(({ verdict }) => [verdict?.scenarios ?? {}, verdict?.ipv6 ?? {}].flatMap(Object.entries));
    const named = (isSkipped: boolean): ReadonlySet<string> =>
      new Set(all.filter(([, { state }]) => (state === 'skipped') === isSkipped).map(([name]) => name));
    const played = named(false);
    return [...named(true)]
      .filter((name) => played.has(name))
      .map((name) => `${kernel}: ${name}: played in one cell, and not in another`);
  });

/** Scenarios that the backends of one kernel, or its two families, do not name alike, a line each. */
export const unlikeLines = (results: readonly Result[]): readonly string[] =>
  Object.entries(Object.groupBy(results, ({ kernel }) => kernel)).flatMap(([kernel, cells = []]) => {
    const told = cells.flatMap(({ backend, verdict }) =>
      [
        { by: backend, scenarios: verdict?.scenarios ?? {} },
        { by: `${backend} over IPv6`, scenarios: verdict?.ipv6 ?? {} },
        { by: `${backend}, deferred,`, scenarios: verdict?.deferred?.scenarios ?? {} },
      ].flatMap(({ by, scenarios }) =>
        Object.entries(scenarios).flatMap(([name, { named }]) =>
          named === null ? [] : [{ by, name, text: alike(name, named) }],
        ),
      ),
    );
    return Object.entries(Object.groupBy(told, ({ name }) => name))
      .filter(([, says = []]) => new Set(says.map(({ text }) => text)).size > 1)
      .map(([name, says = []]) => `${kernel}: ${name}: ${says.map(({ by, text }) => `${by} says ${text}`).join('; ')}`);
  });
