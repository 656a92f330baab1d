import { asksForDetail } from '../../filter/filter.ts';
import { NO_FILTER, type PathFilter } from '../../filter/table.ts';
import type { Tracker } from '../../lifecycle/tracker.ts';
import type { Query, Row, SortKey } from '../frame/model.ts';
import { accepts, type Dying, dyingOf, isSame, isSock } from './pass.ts';
import { compareKeys } from './ranking.ts';
import type { Vantage } from './rows.ts';
import { hasWords, keyOfRow, wordsOf } from './sort-keys.ts';

/** The rows on the screen, as the sockets behind them. */
export type Page<T> = {
  readonly rows: readonly T[];
  readonly matching: number;
  /** Position of `query.follow`; null if it is not among them; left out if that is unknown. */
  readonly followIndex?: number | null;
};

/** The first `most` dying socks that pass the command line's filter, oldest first. */
export const firstDying = (tracker: Tracker, vantage: Vantage, filter: PathFilter, most: number): readonly Dying[] => {
  const found: Dying[] = [];
  for (const dying of dyingOf(tracker)) {
    if (found.length >= most) break;
    if (filter === NO_FILTER || accepts(dying, filter, vantage)) found.push(dying);
  }
  return found;
};

/** The page of rows that stand still, oldest first. */
export const selectFrom = (all: readonly Row[], query: Query): Page<Row> => {
  const words = wordsOf(query.filter);
  const matching = words.length === 0 ? [...all] : all.filter((row) => hasWords(row, words));
  matching.sort(compareRows(query.sort, query.isReversed));
  const followed = matching.findIndex((row) => row.key === query.follow);
  return {
    rows: matching.slice(query.offset, query.offset + query.limit),
    matching: matching.length,
    followIndex: followed < 0 ? null : followed,
  };
};

/** An unfiltered table in the order of age is shown as it stands, but no further down than this. */
const SHALLOW = 50_000;

/** A --min-age shorter than this hides only rows that are about to be shown: none of the oldest, and few in all. */
const SOON_US = 100_000;

export const isAsItStands = (query: Query, filter: PathFilter): boolean =>
  query.sort === 'age' &&
  query.isReversed !== true &&
  !asksForDetail(filter) &&
  filter.minAgeUs <= SOON_US &&
  wordsOf(query.filter).length === 0 &&
  query.offset + query.limit <= SHALLOW;

/**
 * The page in the order of age. Socks are announced in the order of their closes, so the oldest come first as they are,
 * and nothing has to be sorted. `matching` also counts the rows that a short --min-age still hides.
 */
export const oldest = (
  tracker: Tracker,
  query: Query,
  followed: Dying | null,
  { filter, vantage }: { readonly filter: PathFilter; readonly vantage: Vantage },
): Page<Dying> => {
  const rows: Dying[] = [];
  const end = query.offset + query.limit;
  let followIndex: number | null = null;
  let index = 0;
  for (const dying of dyingOf(tracker)) {
    if (filter !== NO_FILTER && !accepts(dying, filter, vantage)) continue;
    if (index >= query.offset && index < end) rows.push(dying);
    if (isSame(dying, followed)) followIndex = index;
    index++;
    // Rows only ever move up: one that is not here by then has gone, or was never below.
    if (index >= end && (followed === null || followIndex !== null || index >= SHALLOW)) break;
  }
  return { rows, matching: tracker.silentCount() + tracker.dyingCount(), followIndex };
};

/** The page of rows ranked by a pass, without the sockets that have ended since. The next pass brings an exact one. */
export const ranked = (
  tracker: Tracker,
  order: readonly Dying[],
  matching: number,
  query: Query,
  followed: Dying | null,
): Page<Dying> => {
  const rows: Dying[] = [];
  const end = query.offset + query.limit;
  let followIndex: number | undefined;
  let index = 0;
  let ended = 0;
  for (const then of order) {
    const dying = isSock(then) ? tracker.current(then) : then;
    if (dying === undefined) {
      ended++;
      continue;
    }
    if (index >= query.offset && index < end) rows.push(dying);
    if (isSame(dying, followed)) followIndex = index;
    index++;
    if (index >= end && (followed === null || followIndex !== undefined)) break;
  }
  return { rows, matching: Math.max(index, matching - ended), ...(followIndex !== undefined && { followIndex }) };
};

/** True if the row passes the filter: `hasWords`. */
export const matches = (row: Row, filter: string): boolean => hasWords(row, wordsOf(filter));

/**
 * Compares two rows: oldest, largest, most, soonest first; names from a to z; or turned round. Equal rows keep their
 * order, oldest first.
 */
export const compareRows =
  (sort: SortKey, isReversed = false): ((a: Row, b: Row) => number) =>
  (a, b) =>
    compareKeys(keyOfRow(a, sort), keyOfRow(b, sort), isReversed);
