import type { AbnormalDeaths } from '../../src/explain/abnormal.ts';
import type { ClosePath } from '../../src/explain/close-path.ts';
import type { TalliedDeaths } from '../../src/explain/tally.ts';
import type { LabSocket } from '../e2e/lab.ts';
import { differences, expectedOf, isSpoiled, OTHERS, rowsOf } from './endings.ts';

/** A deferred capture must tell this of sockets of the lab: a row of those that die slowly, a count of all others. */

/** Ends that a class does not tell from one another, or only by the moment's pressure. */
const UNTOLD: readonly string[] = ['retries', 'user_timeout', 'orphan_limit', 'out_of_memory', 'resources'];
/** They die slowly on any machine, and each has a row. */
export const SLOW: readonly string[] = ['retries', 'last_ack_retries', 'window_silent'];

/** Sockets whose deaths the table of endings knows. */
export const toldOf = (sockets: readonly LabSocket[]): readonly LabSocket[] =>
  sockets.filter(({ role, scenario }) => role === 'dying' && !OTHERS.includes(scenario));

/**
 * The differences between the row of a deferred announcement and the table of endings, a line for each field. Such a
 * row does not know what the socket held at the close, nor the number of retransmissions before the announcement. Empty
 * if there is no difference, no row, or a row that says itself that events of it were lost.
 */
export const deferredDifferences = (
  socket: LabSocket,
  paths: readonly ClosePath[],
  backend: string,
): readonly string[] => {
  const [row] = rowsOf(paths, socket);
  if (row === undefined || isSpoiled(row)) return [];
  const { retransmits, probes, held_bytes, ...steady } = expectedOf(socket.scenario, backend) ?? {};
  return differences(steady, row).map((text) => `${socket.scenario} #${socket.run}: ${text}`);
};

/** Rows of those that died within `minAgeMs` and were not sent again: there should be none. */
export const hasty = (paths: readonly ClosePath[], minAgeMs: number): readonly ClosePath[] =>
  paths.filter(({ dying_us, retransmits }) => dying_us !== null && dying_us < minAgeMs * 1000 && retransmits === 0);

/** Deaths by how the sockets were closed and how they ended, as `close acked`. */
export type Kinds = ReadonlyMap<string, number>;

export const kindOf = (how: string, ended_by: string | null | undefined): string =>
  `${how} ${ended_by === undefined || ended_by === null || UNTOLD.includes(ended_by) ? 'unknown' : ended_by}`;

export const kindsOf = (all: readonly { readonly kind: string; readonly count: number }[]): Kinds => {
  const kinds = new Map<string, number>();
  for (const { kind, count } of all) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  return kinds;
};

/** A record of deaths that were not all told of one by one, as `trace --json` has it. */
export type CountRecord =
  | (TalliedDeaths & { readonly type: 'tally' })
  | (AbnormalDeaths & { readonly type: 'abnormal' });

/** The records in a run's output. */
export const countRecords = (stdout: string): readonly CountRecord[] =>
  stdout
    .split('\n')
    .filter((line) => /^\{"type":"(?:tally|abnormal)"/.test(line))
    .map((line) => JSON.parse(line));

const EXAMPLE = 'example';

/**
 * Examples of abnormal ends are in no tally, and `--min-age` leaves out their rows: their own record counts them, and
 * does not say how they were closed. Data that met a minisock is no death: that of its socket is told or counted beside it.
 */
export const countedKinds = (records: readonly CountRecord[]): Kinds =>
  kindsOf(
    records.map((record) =>
      record.type === 'tally'
        ? { kind: kindOf(record.how, record.ended_by), count: record.count }
        : { kind: kindOf(EXAMPLE, record.ended_by), count: record.by_minisock ? 0 : record.sampled },
    ),
  );

/**
 * A socket that went to CLOSE before the capture that counts it attached. Nobody knows its end, and this capture does not
 * know how it was closed either.
 */
const UNKNOWN = 'unknown unknown';

/**
 * The number of deaths that were not counted as what they were. Before Linux 6.12 a reset has no reason: one by ss -K of
 * an orphan that has just closed looks as one by a limit, and its count says so (`unknown`).
 */
export const uncounted = (wanted: Kinds, counted: Kinds): number => {
  const spare = new Map(counted);
  spare.set(UNKNOWN, Math.max(0, (counted.get(UNKNOWN) ?? 0) - (wanted.get(UNKNOWN) ?? 0)));
  const takeFrom = (kind: string, missing: number): number => {
    const found = Math.min(missing, spare.get(kind) ?? 0);
    spare.set(kind, (spare.get(kind) ?? 0) - found);
    return missing - found;
  };
  const missed = [...wanted].reduce((sum, [kind, count]) => {
    const missing = Math.max(0, count - (counted.get(kind) ?? 0));
    const left = takeFrom(kind.replace(/^\S+/, EXAMPLE), missing);
    if (kind.endsWith(' unknown')) return sum + takeFrom(UNKNOWN, left);
    return sum + (kind.endsWith(' killed') ? takeFrom(`${EXAMPLE} unknown`, left) : left);
  }, 0);
  // In some guests one known death is counted as unknown, and nothing is counted as lost. Inferred, and not seen: it dies while
  // another CPU takes it up to announce it, when it is in neither map.
  return Math.max(missed - MOST_UNKEPT, takeFrom(UNKNOWN, missed));
};

/** Known deaths in one run that may be counted as unknown. */
const MOST_UNKEPT = 1;
