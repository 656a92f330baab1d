import { stateName } from '../../kernel/tcp-state.ts';
import type { Silent } from '../../lifecycle/baseline.ts';
import type { SockView } from '../../lifecycle/sock-view.ts';
import { VIA } from '../../wire/event.ts';
import type { Row, SortKey } from '../frame/model.ts';
import type { Key } from './ranking.ts';
import { heldBySilent } from './rows.ts';

/** The key of a baseline orphan: it comes before all others, and two of them are equal. */
const OLDEST = Number.MAX_VALUE;
/** The key by which a row is ordered. */
export const keyOfRow = (row: Row, sort: SortKey): Key => {
  switch (sort) {
    case 'age':
      return row.ageMs ?? OLDEST;
    case 'held':
      return row.heldBytes;
    case 'retransmits':
      return row.retransmits;
    case 'state':
      return row.state;
    case 'peer':
      return row.peer;
    case 'closer':
      return row.closer?.comm ?? null;
    case 'cause':
      return row.waitingFor === 'unknown' ? null : row.waitingFor;
    case 'due':
      return keyOfDue(row.deadlineMs ?? null);
  }
};

/** The soonest first; after them those on which the kernel never gives up. */
const keyOfDue = (deadlineMs: NonNullable<Row['deadlineMs']> | null): Key => {
  if (deadlineMs === null) return null;
  return deadlineMs === 'never' ? Number.NEGATIVE_INFINITY : -deadlineMs;
};

/**
 * The key of a sock for which no row has to be made: only a few dozen of a hundred thousand sockets are shown.
 *
 * @returns keys that order as `keyOfRow`'s do among themselves; undefined if a row has to be made
 */
export const quickKey = (dying: SockView | Silent, sort: SortKey): Key | undefined => {
  if ('kind' in dying) {
    switch (sort) {
      case 'age':
        return OLDEST;
      case 'held':
        return heldBySilent(dying);
      case 'retransmits':
        return dying.retransmits;
      case 'state':
        return stateName(dying.state);
      default:
        return undefined;
    }
  }
  switch (sort) {
    case 'age':
      return dying.via === VIA.foundDead ? OLDEST : -dying.closedAt;
    case 'held':
      return dying.heldBytes;
    case 'retransmits':
      return dying.retransmits;
    case 'state':
      return stateName(dying.state);
    default:
      return undefined;
  }
};

/** A filter's words; none for an empty filter. A `!` without a word is one that is still being typed. */
export const wordsOf = (filter: string): readonly string[] =>
  filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '' && word !== '!');

/** True if every word occurs somewhere in the row, in either case, and no word behind a `!` does. */
export const hasWords = (row: Row, words: readonly string[]): boolean => {
  if (words.length === 0) return true;
  const closer = row.closer === null ? '' : `${row.closer.comm}[${row.closer.pid}]`;
  const text = `${row.state} ${row.local} ${row.peer} ${row.netns ?? ''} ${closer} ${row.waitingFor}`.toLowerCase();
  return words.every((word) => (word.startsWith('!') ? !text.includes(word.slice(1)) : text.includes(word)));
};
