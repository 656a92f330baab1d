import { encodeLine } from './encode.ts';
import { VIA } from './event.ts';
import { extentOf, wordAt } from './layout.ts';
import { type Kind, LINES, lineOf, PROBE_LINES, TALLY_KEY, type Word } from './schema.ts';

/**
 * What the probes print of a socket that they announce later, as the lines of the wire: an `L` line of the two that
 * bpftrace has the stack for, a `T` line of a line of the map of tallies.
 */

/** A word of the `L` line, made of the words of the two that it comes in. */
type Maker = (stands: readonly string[], closed: readonly string[]) => string;

const COMM_WORDS = 16;
const HEX = /^[0-9a-f]{1,16}$/;
const DECIMAL = /^\d{1,20}$/;
const BYTE = /^[0-9a-f]{2}$/;

/** How many words between spaces a line has. */
const lengthOf = (name: 'closed' | 'stands'): number => {
  const words = lineOf(name).words;
  return 1 + words.length + (words.some(({ kind }) => kind === 'comm') ? COMM_WORDS - 1 : 0);
};
const LENGTH = { closed: lengthOf('closed'), stands: lengthOf('stands') } as const;

const isGood = (text: string, kind: Kind): boolean => (kind === 'decimal' ? DECIMAL : HEX).test(text);

/** A `B` line that was lost: no close known. Every field is 0 or unknown, but for how it is known to be dying. */
const NO_CLOSE = encodeLine('closed', { via: VIA.foundDead }).split(' ');

const has = (words: readonly Word[], name: string): Word | undefined => words.find((word) => word.name === name);

/** The bits of a field of a word's text. */
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
 * @returns null where a half is no whole one
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

const KEY = new Map(TALLY_KEY.fields.map((field) => [field.name, extentOf(TALLY_KEY, field)]));

/** `@tally[KEY]: COUNT`, as bpftrace prints its map, as a `T` line; null for any other. @param at - boot clock, ns */
export const tallyLine = (line: string, at: bigint): string | null => {
  const found = /^@tally\[(\d{1,20})\]: (\d{1,20})$/.exec(line);
  if (found === null) return null;
  const key = BigInt(found[1] ?? 0);
  const bitsOf = (name: string): bigint => {
    const { at: shift, bits } = KEY.get(name) ?? { at: 0, bits: 0 };
    return (key >> BigInt(shift)) & (2n ** BigInt(bits) - 1n);
  };
  const shared = LINES.tally.words.map(({ name }) => name).filter((name) => KEY.has(name));
  return encodeLine('tally', {
    ...Object.fromEntries(shared.map((name) => [name, bitsOf(name)])),
    at,
    marks: bitsOf('marksAtClose') | (bitsOf('marksDone') << 4n) | (bitsOf('marksAtDestroy') << 5n),
    count: found[2],
  });
};
