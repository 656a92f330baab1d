import { type Gap, NO_GAPS } from './sock.ts';

/** Lists kept at most. Nine gaps in any order make more, but no host has that many. */
const MOST = 4096;

/** Numbers for lists of gaps: a million socks share a few lists, most often the empty one. */
export const createGapLists = (): {
  /** @returns null where there are too many already */
  readonly numberOf: (gaps: ReadonlySet<Gap>) => number | null;
  /** The list, which the caller may add to. The empty one is shared. */
  readonly copyOf: (number: number) => Set<Gap>;
  /**
   * The number of the list with one gap more. It is the given number if the list has that gap, or if there are too many
   * lists.
   */
  readonly with: (number: number, gap: Gap) => number;
} => {
  const lists: (readonly Gap[])[] = [[]];
  const numbers = new Map<string, number>([['', 0]]);

  const numberOfList = (list: readonly Gap[]): number | null => {
    const key = list.join();
    const known = numbers.get(key);
    if (known !== undefined) return known;
    if (lists.length >= MOST) return null;
    numbers.set(key, lists.length);
    return lists.push(list) - 1;
  };
  const listOf = (number: number): readonly Gap[] => lists[number] ?? [];

  return {
    numberOf: (gaps) => (gaps.size === 0 ? 0 : numberOfList([...gaps])),
    copyOf: (number) => (number === 0 ? NO_GAPS : new Set(listOf(number))),
    with: (number, gap) => {
      const list = listOf(number);
      return list.includes(gap) ? number : (numberOfList([...list, gap]) ?? number);
    },
  };
};
