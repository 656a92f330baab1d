import type { Snapshot } from '../frame/model.ts';

/**
 * The selected row. `index` counts from the first matching row. Until it is moved (`follows` false) it stays at its
 * index. After that it follows the row `key`, which is null until a page with that row has come.
 */
export type Cursor = { readonly index: number; readonly key: string | null; readonly follows: boolean };

/** The top row, whichever socket that is. */
export const TOP: Cursor = { index: 0, key: null, follows: false };

const keyAt = (snapshot: Snapshot, index: number): string | null =>
  snapshot.rows[index - snapshot.query.offset]?.key ?? null;

const clamp = (index: number, snapshot: Snapshot): number => Math.max(0, Math.min(index, snapshot.matching - 1));

/** Selects the row at `index`, and follows it from now on. */
export const select = (index: number, snapshot: Snapshot): Cursor => {
  const at = clamp(index, snapshot);
  return { index: at, key: keyAt(snapshot, at), follows: true };
};

/** The present index of the row `key`; null if it is gone; undefined if this snapshot cannot tell. */
const whereIs = (key: string, index: number, snapshot: Snapshot): number | null | undefined => {
  const onPage = snapshot.rows.findIndex((row) => row.key === key);
  if (onPage >= 0) return snapshot.query.offset + onPage;
  if (snapshot.query.follow === key && snapshot.followIndex !== undefined) return snapshot.followIndex;
  return keyAt(snapshot, index) === null ? undefined : null;
};

/** The cursor after a new frame: it follows its row. If the row is gone it keeps its place. */
export const settle = (cursor: Cursor, snapshot: Snapshot): Cursor => {
  const place = clamp(cursor.index, snapshot);
  if (!cursor.follows) return cursor.index === place ? cursor : { ...cursor, index: place };
  const found = cursor.key === null ? null : whereIs(cursor.key, place, snapshot);
  const next = found === null ? select(place, snapshot) : { ...cursor, index: found ?? place };
  return next.index === cursor.index && next.key === cursor.key ? cursor : next;
};

/** The first row to show. The page moves as little as possible, but shows the cursor and is full. */
export const scrollTo = (offset: number, index: number, page: number, matching: number): number => {
  const visible = Math.max(Math.min(offset, index), index - page + 1);
  return Math.max(0, Math.min(visible, matching - page));
};
