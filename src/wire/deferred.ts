import { encodeLine } from './encode.ts';
import { VIA } from './event.ts';
import { extentOf, wordAt } from './layout.ts';
import { END_KEY, type Kind, LINES, lineOf, PROBE_LINES, TALLY_KEY, type Word } from './schema.ts';

/**
 * Joins the lines that a deferred probe prints into lines of the wire. Two lines of an announcement become an `L` line:
 * bpftrace has not the stack for it in one. A line of the map of tallies becomes a `T` line.
 */

/** Makes a word of the `L` line from the words of its two lines. */
type Maker = (stands: readonly string[], closed: readonly string[]) => string;

const COMM_WORDS = 16;
const HEX = /^[0-9a-f]{1,16}$/;
const DECIMAL = /^\d{1,20}$/;
const BYTE = /^[0-9a-f]{2}$/;

/** The number of words between spaces that a line has. */
const lengthOf = (name: 'closed' | 'stands'): number => {
  const words = lineOf(name).words;
  return 1 + words.length + (words.some(({ kind }) => kind === 'comm') ? COMM_WORDS - 1 : 0);
};
const LENGTH = { closed: lengthOf('closed'), stands: lengthOf('stands') } as const;

const isGood = (text: string, kind: Kind): boolean => (kind === 'decimal' ? DECIMAL : HEX).test(text);

/**
 * Stands for a lost `B` line: no close known. Every field is 0 or unknown, except the one that says how its death is
 * known.
 */
const NO_CLOSE = encodeLine('closed', { via: VIA.foundDead }).split(' ');

const has = (words: readonly Word[], name: string): Word | undefined => words.find((word) => word.name === name);

/** The bits of a field in a word's text. */
const cut = (text: string, at: number, bits: number): string =>
  ((BigInt(`0x${text}`) >> BigInt(at)) & (2n ** BigInt(bits) - 1n)).toString(16);

const makerOf = ({ name, kind }: Word): Maker => {
  if (has(PROBE_LINES.stands.words, name) !== undefined) {
    const at = wordAt('stands', name);
    return (stands) => stands[at] ?? '';
  }
  const own = has(PROBE_LINES.closed.words, name);
  if (own !== undefined) {
    const at = wordAt('closed', name);
    if (kind === 'comm') return (_stands, closed) => closed.slice(at, at + COMM_WORDS).join(' ');
    if (own.kind === 'decimal') return (_stands, closed) => BigInt(closed[at] ?? 0).toString(16);
    return (_stands, closed) => closed[at] ?? '';
  }
  for (const word of PROBE_LINES.closed.words) {
    const field = word.fields.find((each) => each.name === name);
    if (field === undefined) continue;
    const at = wordAt('closed', word.name);
    const { at: shift, bits } = extentOf(word, field);
    return (_stands, closed) => cut(closed[at] ?? '0', shift, bits);
  }
  throw new Error(`neither half of an L line has its ${name}`);
};

const MAKERS = LINES.deferred.words.map(makerOf);
const CLOSED_KINDS: readonly Kind[] = PROBE_LINES.closed.words.map(({ kind }) => kind);

/**
 * The `L` line of the wire.
 *
 * @param stands - the probe's `L` line
 * @param closed - its `B` line; undefined where that was lost
 * @returns null where a line is not whole
 */
export const joinDeferred = (stands: string, closed: string | undefined): string | null => {
  const how = closed === undefined ? NO_CLOSE : closed.split(' ');
  const now = stands.split(' ');
  if (now.length !== LENGTH.stands || how.length !== LENGTH.closed) return null;
  const isWhole = CLOSED_KINDS.every((kind, i) => {
    if (kind === 'comm') return how.slice(i + 1).every((byte) => BYTE.test(byte));
    return isGood(how[i + 1] ?? '', kind);
  });
  if (!isWhole) return null;
  return [LINES.deferred.letter, ...MAKERS.map((make) => make(now, how))].join(' ');
};

type Extents = ReadonlyMap<string, { readonly at: number; readonly bits: number }>;
const extentsOf = (word: Word): Extents => new Map(word.fields.map((field) => [field.name, extentOf(word, field)]));
const KEY = extentsOf(TALLY_KEY);
const END = extentsOf(END_KEY);

const bitsOf = (key: bigint, extents: Extents, name: string): bigint => {
  const { at, bits } = extents.get(name) ?? { at: 0, bits: 0 };
  return (key >> BigInt(at)) & (2n ** BigInt(bits) - 1n);
};

/**
 * Makes `@tally[KEY]: COUNT`, as bpftrace prints its map, into a `T` line; null for any other text.
 *
 * @param at - boot clock, ns
 */
export const tallyLine = (line: string, at: bigint): string | null => {
  const found = /^@tally\[(\d{1,20})\]: (\d{1,20})$/.exec(line);
  if (found === null) return null;
  const key = BigInt(found[1] ?? 0);
  if (bitsOf(key, END, 'isEnd') === 1n) return null;
  const shared = LINES.tally.words.map(({ name }) => name).filter((name) => KEY.has(name));
  return encodeLine('tally', {
    ...Object.fromEntries(shared.map((name) => [name, bitsOf(key, KEY, name)])),
    at,
    marks:
      bitsOf(key, KEY, 'marksAtClose') |
      (bitsOf(key, KEY, 'marksDone') << 4n) |
      (bitsOf(key, KEY, 'marksAtDestroy') << 5n) |
      (bitsOf(key, KEY, 'marksOfTable') << 12n),
    count: found[2],
  });
};

/**
 * Makes `@untold[0]: COUNT`, as bpftrace prints its map, into a `U` line; null for any other text.
 *
 * @param at - boot clock, ns
 */
export const untoldLine = (line: string, at: bigint): string | null => {
  const count = /^@untold\[0\]: (\d{1,15})$/.exec(line)?.[1];
  return count === undefined ? null : encodeLine('minisock_untold', { at, count });
};

/** A count of abnormal ends, by a number that an `N` line tells of. */
export type EndCount = {
  /** The number, in hex; null where the kernel had no room for one more. */
  readonly id: string | null;
  readonly key: bigint;
  readonly count: string;
};

/** `@tally[KEY]: COUNT` where the key is one of abnormal ends; null for any other line. */
export const endCountOf = (line: string): EndCount | null => {
  const found = /^@tally\[(\d{1,20})\]: (\d{1,20})$/.exec(line);
  const key = BigInt(found?.[1] ?? 0);
  if (found === null || bitsOf(key, END, 'isEnd') !== 1n) return null;
  const id = (bitsOf(key, END, 'endIdHigh') << 32n) | bitsOf(key, END, 'endIdLow');
  return { id: id === 0n ? null : id.toString(16), key, count: found[2] ?? '0' };
};

const NAMED_AT = { id: wordAt('named', 'endId'), end: wordAt('named', 'end'), comm: wordAt('named', 'comm') };
const NAMED_LENGTH = NAMED_AT.comm + COMM_WORDS;

/** An `N` line: the number, and the rest of it; null where it is no whole one. */
export const namedEnd = (line: string): { readonly id: string; readonly words: readonly string[] } | null => {
  const words = line.split(' ');
  const id = words[NAMED_AT.id] ?? '';
  const isWhole =
    words.length === NAMED_LENGTH &&
    words.slice(NAMED_AT.id, NAMED_AT.comm).every((text) => HEX.test(text)) &&
    words.slice(NAMED_AT.comm).every((byte) => BYTE.test(byte));
  return isWhole ? { id, words } : null;
};

/**
 * The `E` line of the wire.
 *
 * @param words - of its `N` line; undefined where that did not come: then the closer is not known
 */
export const endedLine = ({ key, count }: EndCount, words: readonly string[] | undefined, at: bigint): string => {
  if (words === undefined) {
    const of = (name: string): bigint => bitsOf(key, END, name);
    return encodeLine('ended', {
      at,
      endKind: of('endKind'),
      endNotMemory: of('endNotMemory'),
      servicePort: of('servicePort'),
      endCloserUnknown: 1n,
      count,
    });
  }
  const [end, pid] = words.slice(NAMED_AT.end, NAMED_AT.end + 2);
  return encodeLine('ended', { at, end, endPid: pid, count, comm: words.slice(NAMED_AT.comm).join(' ') });
};
