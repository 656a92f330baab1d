import type { Cause, ClosePath, Dying } from './close-path.ts';

/** How a socket ended, or what it waits for while it has not. */
export const causeOf = (row: ClosePath | Dying): Cause => {
  if (row.ended_by !== null) return row.ended_by;
  return row.waiting_for === 'nothing' ? 'unknown' : row.waiting_for;
};
