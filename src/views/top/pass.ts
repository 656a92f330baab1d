import type { Sock } from '../../lifecycle/sock.ts';
import type { Tracker } from '../../lifecycle/tracker.ts';
import type { Inventoried } from '../../wire/event.ts';
import { NO_FILTER, type PathFilter } from '../filter.ts';
import type { Query, Row, SortKey } from './model.ts';
import { compareKeys, createRanking, type Key } from './ranking.ts';
import { acceptsSilent, acceptsSock, heldBy, keyOf, rowOf, silentKeyOf, silentRow, type Vantage } from './rows.ts';
import { hasWords, keyOfRow, quickKey, wordsOf } from './sort-keys.ts';

/** What a row stands for. */
export type Dying = Sock | Inventoried;

export const isSock = (dying: Dying): dying is Sock => !('kind' in dying);
/** Whether both are the same life of a sock: of one long silent there are copies. */
export const isSame = (a: Dying, b: Dying | null): boolean =>
  a === b || (b !== null && isSock(a) && isSock(b) && a.sk === b.sk && a.generation === b.generation);
export const keyOfDying = (dying: Dying): string => (isSock(dying) ? keyOf(dying) : silentKeyOf(dying));
export const rowOfDying = (dying: Dying, vantage: Vantage): Row =>
  isSock(dying) ? rowOf(dying, vantage) : silentRow(dying, vantage);

/** What a pass is to find out. */
export type PassOrder = {
  /** Which rows, in which order; null when only the memory is added up. */
  readonly query: Query | null;
  /** The command line's filter. */
  readonly filter: PathFilter;
  /** Rows kept of that order, from the first. */
  readonly keep: number;
  /** The row of `query.follow`, where it is known. */
  readonly followed: Dying | null;
  readonly addsUpHeld: boolean;
  readonly vantage: Vantage;
};

/** What a pass found: true of a moment between its beginning and its end. */
export type Standing = {
  readonly order: PassOrder;
  readonly rows: readonly Dying[];
  readonly matching: number;
  /** Where the followed row stands among the matching ones; null when it is not among them. */
  readonly followIndex: number | null;
  /** Kernel memory of all dying socks, bytes; null when it was not added up. */
  readonly heldBytes: number | null;
};

export type Pass = {
  readonly order: PassOrder;
  /** Works until `isEnough`; null when there is more to do. */
  readonly work: (isEnough: () => boolean) => Standing | null;
  /** Share of the socks that it has seen. */
  readonly progress: () => number;
};

/** Socks between two looks at the clock. */
const PIECE = 32;

/**
 * Looks at every dying sock once, some at a time, and keeps references to the rows on top: no row is made that is not
 * looked at by a filter, and none is kept. What is born or dies meanwhile may be seen or not.
 */
export const createPass = (tracker: Tracker, order: PassOrder): Pass => {
  const { query, filter, vantage } = order;
  const words = wordsOf(query?.filter ?? '');
  const ranking = createRanking<Dying>(order.keep);
  const all = dyingOf(tracker);
  const expected = tracker.silentCount() + tracker.dyingCount();
  const keyOfOne = (dying: Dying, sort: SortKey, row: Row | null): Key =>
    quickKey(dying, sort) ?? keyOfRow(row ?? rowOfDying(dying, vantage), sort);
  const { followed } = order;
  const followedKey = followed === null || query === null ? null : keyOfOne(followed, query.sort, null);
  let isFollowedSeen = false;
  let followIndex = 0;
  let seen = 0;
  let matching = 0;
  let held = 0;
  let isAllSeen = false;

  const rank = (dying: Dying, key: Key): void => {
    matching++;
    ranking.offer(dying, key);
    if (followedKey === null) return;
    if (isSame(dying, followed)) {
      isFollowedSeen = true;
      return;
    }
    const before = compareKeys(key, followedKey);
    if (before < 0 || (before === 0 && !isFollowedSeen)) followIndex++;
  };

  const look = (dying: Dying): void => {
    seen++;
    const isWanted = query !== null && (filter === NO_FILTER || accepts(dying, filter, vantage));
    if (query === null || !isWanted) {
      if (order.addsUpHeld && isSock(dying)) held += heldBy(dying);
      return;
    }
    const row = words.length > 0 ? rowOfDying(dying, vantage) : null;
    if (row !== null && !hasWords(row, words)) {
      held += row.heldBytes ?? 0;
      return;
    }
    const key = keyOfOne(dying, query.sort, row);
    if (order.addsUpHeld && isSock(dying)) held += row?.heldBytes ?? heldBy(dying);
    rank(dying, key);
  };

  return {
    order,
    progress: () => (expected === 0 ? 1 : Math.min(1, seen / expected)),
    work: (isEnough) => {
      while (!isAllSeen) {
        for (let i = 0; i < PIECE; i++) {
          const next = all.next();
          if (next.done === true) {
            isAllSeen = true;
            break;
          }
          look(next.value);
        }
        // Born faster than it looks, they would never end.
        if (seen > 2 * expected + PIECE) isAllSeen = true;
        if (isEnough()) return null;
      }
      const rows = ranking.sort(isEnough);
      if (rows === null) return null;
      return {
        order,
        rows,
        matching,
        followIndex: isFollowedSeen ? followIndex : null,
        heldBytes: order.addsUpHeld ? held : null,
      };
    },
  };
};

/** All that is dying, in the order in which it was announced; what is older than the capture first. */
export function* dyingOf(tracker: Tracker): Generator<Dying, void> {
  yield* tracker.silent();
  for (const sock of tracker.live()) if (sock.destroyedAt === null) yield sock;
}

/** Whether it passes the command line's filter. */
export const accepts = (dying: Dying, filter: PathFilter, { now }: Vantage): boolean =>
  isSock(dying) ? acceptsSock(dying, filter, now) : acceptsSilent(dying, filter);
