import type { TraceNs } from '../kernel/units.ts';
import { BOUNDS } from '../wire/bounds.ts';

/** A person reads no more than this of one reason. */
const EVERY_NS = 1e9;
/** Reasons, and words, told apart: finwait writes a handful, a recording may hold any. */
const MOST_REASONS = 32;
const MANY = 'for one of many reasons';

export type Notices = {
  readonly lost: (count: number, where: string, at: TraceNs) => void;
  /** Words that finwait put into the stream. */
  readonly notice: (text: string, at: TraceNs) => void;
  /** A line of the stream has come. */
  readonly line: () => void;
  /** Event time has come this far: tells what has waited long enough. */
  readonly advance: (at: TraceNs) => void;
  /** Tells all that waits, and how much was not told. */
  readonly end: () => void;
};

/**
 * Something the user must know, in words; they may hold hostile bytes.
 *
 * @param lostWhere - where events were lost, if this tells of a loss: for a view that has the count of all losses, which
 *   is another one than that of the text
 */
export type OnNotice = (text: string, at: TraceNs, lostWhere: string | null) => void;

type Told = { at: TraceNs; waiting: number; newest: TraceNs };

/**
 * Words for losses, and the notices of the stream: at once, and then at most once a second of event time for
 * each, in sums. A host in trouble loses in hundreds of places a second, and each line to stderr would hold up the reading.
 *
 * There are no more than `BOUNDS.notices` in all, and one more for each `BOUNDS.noticeLines` lines of the stream:
 * whoever made a recording chose how its time passes. Nothing depends on the wall clock, so a replay tells what the
 * live run told.
 */
export const createNotices = (onNotice: OnNotice): Notices => {
  const losses = new Map<string, Told>();
  const words = new Map<string, Told>();
  let lines = 0;
  let spoken = 0;
  let unspoken = 0;
  let newest: TraceNs | null = null;
  /** Until then nothing has waited long enough. */
  let dueAt = Number.POSITIVE_INFINITY;

  const mayTell = (): boolean => spoken < BOUNDS.notices + lines / BOUNDS.noticeLines;

  const say: OnNotice = (text, at, lostWhere) => {
    spoken++;
    onNotice(text, at, lostWhere);
  };
  const lossText = (count: number, where: string): string =>
    `${count} ${count === 1 ? 'event' : 'events'} lost: ${where}`;
  const wordText = (count: number, text: string): string => (count === 1 ? text : `${text} (${count} times)`);

  /** @returns true if it is to be told now; if not, it waits */
  const isNew = (kept: Map<string, Told>, key: string, count: number, at: TraceNs): boolean => {
    const before = kept.get(key);
    const isNow = before === undefined && mayTell();
    if (before === undefined) kept.set(key, { at, waiting: isNow ? 0 : count, newest: at });
    else {
      before.waiting += count;
      before.newest = at;
    }
    dueAt = Math.min(dueAt, (before ?? { at }).at + EVERY_NS);
    return isNow;
  };

  const tellWaiting = (kept: Map<string, Told>, at: TraceNs): void => {
    for (const [key, one] of kept) {
      if (at - one.at >= EVERY_NS) {
        if (one.waiting === 0) {
          kept.delete(key);
          continue;
        }
        if (!mayTell()) continue;
        if (kept === losses) say(lossText(one.waiting, key), one.newest, key);
        else say(wordText(one.waiting, key), one.newest, null);
        one.waiting = 0;
        one.at = at;
      }
      dueAt = Math.min(dueAt, one.at + EVERY_NS);
    }
  };

  return {
    line: () => {
      lines++;
    },
    lost: (count, given, at) => {
      const where = losses.has(given) || losses.size < MOST_REASONS ? given : MANY;
      if (isNew(losses, where, count, at)) say(lossText(count, where), at, where);
    },
    notice: (text, at) => {
      newest = at;
      if (!words.has(text) && words.size >= MOST_REASONS) {
        if (mayTell()) say(text, at, null);
        else unspoken++;
      } else if (isNew(words, text, 1, at)) say(text, at, null);
    },
    advance: (at) => {
      if (at < dueAt || !mayTell()) return;
      dueAt = Number.POSITIVE_INFINITY;
      tellWaiting(losses, at);
      tellWaiting(words, at);
    },
    end: () => {
      for (const [where, { waiting, newest: at }] of losses)
        if (waiting > 0) onNotice(lossText(waiting, where), at, where);
      for (const [text, { waiting, newest: at }] of words) if (waiting > 0) onNotice(wordText(waiting, text), at, null);
      if (unspoken > 0 && newest !== null) {
        const more = unspoken === 1 ? '1 more notice is' : `${unspoken} more notices are`;
        onNotice(`${more} not shown: there are too many`, newest, null);
      }
      losses.clear();
      words.clear();
    },
  };
};
