import { NO_FILTER, type PathFilter } from '../../filter/table.ts';
import type { Silent } from '../../lifecycle/baseline.ts';
import type { Sock } from '../../lifecycle/sock.ts';
import { type SockView, viewOf } from '../../lifecycle/sock-view.ts';
import type { Tracker } from '../../lifecycle/tracker.ts';
import type { HostId } from '../../stream/stream.ts';
import type { Query, Row, SortKey } from '../frame/model.ts';
import { compareKeys, createRanking, type Key } from './ranking.ts';
import {
  acceptsSilent,
  acceptsSock,
  heldBySilent,
  keyOf,
  rowOf,
  silentKeyOf,
  silentRow,
  type Vantage,
} from './rows.ts';
import { hasWords, keyOfRow, quickKey, wordsOf } from './sort-keys.ts';

/** The socket behind a row. */
export type Dying = Sock | Silent;

export const isSock = (dying: Dying): dying is Sock => !('kind' in dying);
/** True if both are the same life of a sock: there are copies of a sock that has long been silent. */
export const isSame = (a: Dying, b: Dying | null): boolean =>
  a === b || (b !== null && isSock(a) && isSock(b) && a.sk === b.sk && a.generation === b.generation);
export const keyOfDying = (host: HostId, dying: Dying): string =>
  isSock(dying) ? keyOf(host, dying) : silentKeyOf(host, dying);
export const rowOfDying = (dying: Dying, vantage: Vantage): Row =>
  isSock(dying) ? rowOf(dying, vantage) : silentRow(dying, vantage);

/** The order for a pass. */
export type PassOrder = {
  /** The rows and their order; null if only the memory is added up. */
  readonly query: Query | null;
  /** The command line's filter. */
  readonly filter: PathFilter;
  /** Number of rows that are kept, from the first. */
  readonly keep: number;
  /** The row of `query.follow`, if it is known. */
  readonly followed: Dying | null;
  readonly addsUpHeld: boolean;
  readonly vantage: Vantage;
};

/** The result of a pass: true of a moment between its beginning and its end. */
export type Standing = {
  readonly order: PassOrder;
  readonly rows: readonly Dying[];
  readonly matching: number;
  /** Position of the followed row among the matching ones; null if it is not among them. */
  readonly followIndex: number | null;
  /** Kernel memory of all dying socks, bytes; null if it was not added up. */
  readonly heldBytes: number | null;
};

export type Pass = {
  readonly order: PassOrder;
  /** Works until `isEnough`; null if there is more to do. */
  readonly work: (isEnough: () => boolean) => Standing | null;
  /** Share of the socks that it has visited. */
  readonly progress: () => number;
};

/** Number of socks between two looks at the clock. */
const PIECE = 32;

/**
 * Visits every dying sock once, some at a time, and keeps references to the top rows. It makes a row only for a filter
 * to look at, and keeps none. Socks that are born or die meanwhile may be counted or not.
 */
export const createPass = (tracker: Tracker, order: PassOrder): Pass => {
  const { query, filter, vantage } = order;
  const words = wordsOf(query?.filter ?? '');
  const isReversed = query?.isReversed === true;
  const ranking = createRanking<Dying>(order.keep, isReversed);
  const all = inPassing(tracker);
  const expected = tracker.silentCount() + tracker.dyingCount();
  const withDeadline = (row: Row, one: Passing): Row =>
    vantage.deadlineMs === undefined ? row : { ...row, deadlineMs: vantage.deadlineMs(dyingAt(one)) };
  const keyOfOne = (one: Passing, sort: SortKey, given: Row | null): Key => {
    const quick = quickKey(one, sort);
    if (quick !== undefined) return quick;
    const row = given ?? rowOfDying(dyingAt(one), vantage);
    return keyOfRow(sort === 'due' ? withDeadline(row, one) : row, sort);
  };
  const { followed } = order;
  const followedKey = followed === null || query === null ? null : keyOfOne(passingAt(followed), query.sort, null);
  let isFollowedSeen = false;
  let followIndex = 0;
  let seen = 0;
  let matching = 0;
  let held = 0;
  let isAllSeen = false;

  const rank = (one: Passing, key: Key): void => {
    matching++;
    if (ranking.wants(key)) ranking.offer(dyingAt(one), key);
    if (followed === null) return;
    if (isTheOne(one, followed)) {
      isFollowedSeen = true;
      return;
    }
    const before = compareKeys(key, followedKey, isReversed);
    if (before < 0 || (before === 0 && !isFollowedSeen)) followIndex++;
  };

  const look = (one: Passing): void => {
    seen++;
    if (order.addsUpHeld) held += isView(one) ? one.heldBytes : (heldBySilent(one) ?? 0);
    if (query === null || (filter !== NO_FILTER && !accepts(dyingAt(one), filter, vantage))) return;
    const row = words.length > 0 ? rowOfDying(dyingAt(one), vantage) : null;
    if (row === null || hasWords(row, words)) rank(one, keyOfOne(one, query.sort, row));
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
        // If socks are born faster than the pass visits them, it would never end.
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

/** The object that a pass visits. It is no copy of the sock, so that only the kept ones cost a copy. */
type Passing = SockView | Silent;

const isView = (one: Passing): one is SockView => !('kind' in one);
const dyingAt = (one: Passing): Dying => (isView(one) ? one.sock() : one);
const passingAt = (dying: Dying): Passing => (isSock(dying) ? viewOf(dying) : dying);
const isTheOne = (one: Passing, dying: Dying | null): boolean =>
  one === dying ||
  (dying !== null && isView(one) && isSock(dying) && one.sk === dying.sk && one.generation === dying.generation);

function* inPassing(tracker: Tracker): Generator<Passing, void> {
  yield* tracker.silent();
  for (const view of tracker.views()) if (!view.isDestroyed) yield view;
}

/** All dying socks in the order of their announcements, the baseline first. */
export function* dyingOf(tracker: Tracker): Generator<Dying, void> {
  yield* tracker.silent();
  for (const sock of tracker.live()) if (sock.destroyedAt === null) yield sock;
}

/** True if it passes the command line's filter. */
export const accepts = (dying: Dying, filter: PathFilter, { now }: Vantage): boolean =>
  isSock(dying) ? acceptsSock(dying, filter, now) : acceptsSilent(dying, filter);
