import type { Tracker } from '../../lifecycle/tracker.ts';
import { NO_FILTER, type PathFilter } from '../filter.ts';
import type { Query, Row, SortKey } from './model.ts';
import { acceptsSilent, acceptsSock, keyOf, rowOf, silentKeyOf, silentRow, type Vantage } from './rows.ts';

/** The rows that the screen shows of all there are. */
export type Page = {
  readonly rows: readonly Row[];
  readonly matching: number;
  readonly total: number;
  readonly followIndex: number | null;
};

/** The page of a live tracker. Oldest first and unfiltered, only the rows on the page are made. */
export const selectLive = (tracker: Tracker, query: Query, vantage: Vantage, filter: PathFilter): Page =>
  query.sort === 'age' && query.filter === '' && filter === NO_FILTER
    ? oldest(tracker, query, vantage)
    : selectFrom(allRows(tracker, vantage, filter), query);

/** Every dying sock that passes the command line's filter, as a row, oldest first. */
export const allRows = (tracker: Tracker, vantage: Vantage, filter: PathFilter): Row[] => {
  const isAll = filter === NO_FILTER;
  const rows: Row[] = [];
  for (const orphan of tracker.silent()) {
    if (isAll || acceptsSilent(orphan, filter)) rows.push(silentRow(orphan, vantage));
  }
  for (const sock of tracker.live()) {
    if (sock.destroyedAt !== null) continue;
    if (isAll || acceptsSock(sock, filter, vantage.now)) rows.push(rowOf(sock, vantage));
  }
  return rows;
};

/** The page of rows that stand still, oldest first. */
export const selectFrom = (all: readonly Row[], query: Query): Page => {
  const words = query.filter.toLowerCase().split(/\s+/);
  const matching = query.filter === '' ? [...all] : all.filter((row) => hasWords(row, words));
  matching.sort(compareRows(query.sort));
  const followed = matching.findIndex((row) => row.key === query.follow);
  return {
    rows: matching.slice(query.offset, query.offset + query.limit),
    matching: matching.length,
    total: all.length,
    followIndex: followed < 0 ? null : followed,
  };
};

/** Announced in the order of their closes, the oldest come first as they are: nothing has to be sorted. */
const oldest = (tracker: Tracker, query: Query, vantage: Vantage): Page => {
  const rows: Row[] = [];
  const end = query.offset + query.limit;
  const follow = query.follow ?? null;
  let followIndex: number | null = null;
  let index = 0;
  for (const orphan of tracker.silent()) {
    if (index >= query.offset && index < end) rows.push(silentRow(orphan, vantage));
    if (follow !== null && silentKeyOf(orphan) === follow) followIndex = index;
    index++;
    if (index >= end && (follow === null || followIndex !== null)) break;
  }
  if (index < end || (follow !== null && followIndex === null)) {
    for (const sock of tracker.live()) {
      if (sock.destroyedAt !== null) continue;
      if (index >= query.offset && index < end) rows.push(rowOf(sock, vantage));
      if (follow?.startsWith(sock.sk) === true && keyOf(sock) === follow) followIndex = index;
      index++;
      if (index >= end && (follow === null || followIndex !== null)) break;
    }
  }
  const total = tracker.silentCount() + tracker.dyingCount();
  return { rows, matching: total, total, followIndex };
};

/** Whether every word of the filter occurs somewhere in the row, in either case. */
export const matches = (row: Row, filter: string): boolean => hasWords(row, filter.toLowerCase().split(/\s+/));

const hasWords = (row: Row, words: readonly string[]): boolean => {
  const closer = row.closer === null ? '' : `${row.closer.comm}[${row.closer.pid}]`;
  const text = `${row.state} ${row.local} ${row.peer} ${row.netns ?? ''} ${closer} ${row.waitingFor}`.toLowerCase();
  return words.every((word) => text.includes(word));
};

/** An order of rows: oldest, largest, most first; names from a to z. Equal rows keep their order, oldest first. */
export const compareRows = (key: SortKey): ((a: Row, b: Row) => number) => {
  const number = (of: (row: Row) => number) => (a: Row, b: Row) => of(b) - of(a);
  const text = (of: (row: Row) => string) => (a: Row, b: Row) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0);
  switch (key) {
    case 'age':
      // Older than the capture is older than anything in it; two of them are equal, not NaN.
      return number((row) => row.ageMs ?? Number.MAX_VALUE);
    case 'held':
      return number((row) => row.heldBytes ?? -1);
    case 'retransmits':
      return number((row) => row.retransmits);
    case 'state':
      return text((row) => row.state);
    case 'peer':
      return text((row) => row.peer);
    case 'closer':
      return text((row) => row.closer?.comm ?? '');
  }
};
