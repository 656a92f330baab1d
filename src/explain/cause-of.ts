import type { Cause, ClosePath, Dying } from './close-path.ts';

/** The way a socket ended; while it still is dying, the thing it waits for. */
export const causeOf = (row: ClosePath | Dying): Cause => {
  if (row.ended_by !== null) return row.ended_by;
  return row.waiting_for === 'nothing' ? 'unknown' : row.waiting_for;
};
