import { whoIsMissing } from '../capture/sockets/present.ts';
import type { PathFilter } from '../filter/table.ts';
import { createTurnedAway, type TurnedAway } from '../stream/turned-away.ts';

/** @param file - a recording; undefined for a live run, in which the processes that a filter names may be missing */
export const turnedAwayOf = (file: string | undefined, filter: PathFilter): TurnedAway =>
  createTurnedAway(filter, file === undefined ? whoIsMissing(filter) : null);
