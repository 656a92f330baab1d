import type { PathFilter } from '../filter/table.ts';
import type { Tracker } from '../lifecycle/tracker.ts';
import type { Query } from './frame/model.ts';
import { createPass, type Dying, type Pass, type Standing } from './table/pass.ts';
import type { Vantage } from './table/rows.ts';
import { isAsItStands, oldest, type Page, ranked } from './table/select.ts';

/** Length of a piece of a pass, ms: the event loop is never held up for longer. */
const PIECE_MS = 8;
/** Share of the time for rankings, and for sums of the memory. A dearer one comes less often. */
const SHARE = { ranking: 0.1, held: 0.04 } as const;
/** Pause between two pieces, ms: while the screen waits for the answer, and while it does not. */
const PAUSE_MS = { awaited: 2, unawaited: 40 } as const;
/** Least time between two sums of the memory of all dying sockets, ms. */
const HELD_MS = 1000;
/** Least time between two rankings, ms. A table that needs no more than one piece is ranked afresh for each frame. */
const RANKING_MS = 150;
/** The same pause while thrifty, when the rows of an order have died out. */
const THRIFTY_MS = 2000;
/** Rows kept of an order, so that most scrolling finds its page among them. */
const KEEP = 4000;

export type Answer = Page<Dying> & {
  /** The query that this page answers: the present one, or the one before while the answer is being computed. */
  readonly query: Query;
  /** Progress of the answer to the query, 0 to 1; null if this is the answer. */
  readonly progress: number | null;
};

export type Survey = {
  /**
   * Begins the work that answers `query`. A small table is done when this returns.
   *
   * @param isThrifty - only the awaited work: no sum of the memory, no second look at an order that fills the page
   */
  readonly look: (query: Query, vantage: Vantage, followed: Dying | null, isThrifty: boolean) => void;
  /** Continues a pass that was begun. @returns whether it is done; if not, call again after `pauseMs` */
  readonly goOn: () => boolean;
  readonly isAtWork: () => boolean;
  readonly pauseMs: () => number;
  readonly page: (query: Query, vantage: Vantage, followed: Dying | null) => Answer;
  /** Bytes; null until they were added up. */
  readonly heldBytes: () => number | null;
};

/**
 * Knows which of all dying socks are on top, however many there are. Frames ask for a page. The answer takes a look at
 * every sock, which is done in pieces between frames.
 *
 * @param clock - milliseconds
 */
export const createSurvey = (tracker: Tracker, filter: PathFilter, clock: () => number): Survey => {
  let standing: Standing | null = null;
  /** The newest query that the table answered as it stands; shown until there is a standing. */
  let before: Query | null = null;
  let pass: Pass | null = null;
  let isAwaited = false;
  let cost = 0;
  let ranking = { at: Number.NEGATIVE_INFINITY, cost: 0 };
  let held: { readonly bytes: number | null; readonly at: number; readonly cost: number } = {
    bytes: null,
    at: Number.NEGATIVE_INFINITY,
    cost: 0,
  };

  const isDue = (last: { readonly at: number; readonly cost: number }, everyMs: number, share: number): boolean =>
    clock() - last.at >= Math.max(everyMs, last.cost / share);

  const goOn = (): boolean => {
    if (pass === null) return true;
    const start = clock();
    const found = pass.work(() => clock() - start >= PIECE_MS);
    cost += clock() - start;
    if (found === null) return false;
    pass = null;
    isAwaited = false;
    if (found.order.query !== null) {
      standing = found;
      ranking = { at: clock(), cost };
    }
    if (found.heldBytes !== null) held = { bytes: found.heldBytes, at: clock(), cost };
    return true;
  };

  const begin = (query: Query | null, vantage: Vantage, followed: Dying | null, addsUpHeld: boolean): void => {
    const keep = query === null ? 0 : Math.max(KEEP, query.offset + 2 * query.limit);
    pass = createPass(tracker, { query, filter, keep, followed, addsUpHeld, vantage });
    cost = 0;
    goOn();
  };

  const hasFullPage = (query: Query): boolean =>
    standing !== null && ranked(tracker, standing.rows, standing.matching, query, null).rows.length === query.limit;

  return {
    goOn,
    isAtWork: () => pass !== null,
    pauseMs: () => (isAwaited ? PAUSE_MS.awaited : PAUSE_MS.unawaited),
    look: (query, vantage, followed, isThrifty) => {
      const isHeldDue = !isThrifty && isDue(held, HELD_MS, SHARE.held);
      if (isAsItStands(query, filter)) {
        // The earlier request is obsolete.
        if (pass !== null && pass.order.query !== null) pass = null;
        standing = null;
        before = query;
        if (pass === null && isHeldDue) begin(null, vantage, null, true);
        return;
      }
      isAwaited = standing === null || !answers(standing, query);
      if (pass !== null && covers(pass, query)) return;
      const isStale = pass === null && isDue(ranking, isThrifty ? THRIFTY_MS : RANKING_MS, SHARE.ranking);
      if (isAwaited || (isStale && !(isThrifty && hasFullPage(query)))) begin(query, vantage, followed, isHeldDue);
    },
    page: (query, vantage, followed) => {
      if (isAsItStands(query, filter))
        return { ...oldest(tracker, query, followed, { filter, vantage }), query, progress: null };
      const progress = pass?.progress() ?? 0;
      if (standing === null || standing.order.query === null) {
        if (before === null) return { rows: [], matching: 0, query, progress };
        const shown = { ...before, detail: query.detail };
        return { ...oldest(tracker, shown, followed, { filter, vantage }), query: shown, progress };
      }
      const { rows, matching, order, followIndex } = standing;
      const isAnswer = answers(standing, query);
      const shown = isAnswer ? query : { ...standing.order.query, detail: query.detail };
      const page = ranked(tracker, rows, matching, shown, followed);
      const isRanked = page.followIndex === undefined && order.query?.follow === query.follow;
      return {
        ...page,
        ...(isRanked && { followIndex }),
        query: shown,
        progress: isAnswer ? null : progress,
      };
    },
    heldBytes: () => held.bytes,
  };
};

const isSameOrder = (a: Query, b: Query): boolean =>
  a.sort === b.sort && (a.isReversed ?? false) === (b.isReversed ?? false) && a.filter === b.filter;

/** True if the page is among the kept rows. */
const answers = ({ order, rows, matching }: Standing, query: Query): boolean =>
  order.query !== null &&
  isSameOrder(order.query, query) &&
  (query.offset + query.limit <= rows.length || rows.length >= matching);

const covers = ({ order }: Pass, query: Query): boolean =>
  order.query !== null && isSameOrder(order.query, query) && query.offset + query.limit <= order.keep;
