import { type Field, type Line, type LineName, lineOf, type Word } from './schema.ts';

/**
 * Positions of the schema's words and fields. Modules ask by name once, when they load; an unknown name throws there.
 * Code that runs for each line uses the numbers.
 */

/** A field of at most 32 bits within the halves of a line: `(halves[half] >>> shift) & mask`. */
export type Place = { readonly half: number; readonly shift: number; readonly mask: number };

const bitsOf = (word: Word, field: Field): number => field.bits ?? (word.kind === 'hex32' ? 32 : 64);

/** True if a word is a hexadecimal number. Only those have halves. */
export const isHex = ({ kind }: Word): boolean => kind === 'hex' || kind === 'hex32';

const wordNames = ({ words }: Line): readonly string[] => words.map(({ name }) => name);

/** The index of a word in `line.split(' ')`; the letter is 0. @throws Error if the line has no such word */
export const wordAt = (name: LineName, word: string): number => {
  const index = wordNames(lineOf(name)).indexOf(word);
  if (index < 0) throw new Error(`line ${name} has no word ${word}`);
  return index + 1;
};

/** The number of words between two. @throws Error if the second does not come after the first */
export const wordsBetween = (name: LineName, first: string, then: string): number => {
  const count = wordAt(name, then) - wordAt(name, first) - 1;
  if (count < 0) throw new Error(`line ${name} has ${then} before ${first}`);
  return count;
};

/** The first word that has halves: it begins what a socket shows. */
const FIRST = 'e0';

/** A hexadecimal word's number, counted from the word `from`. Its halves are twice that number, and the next. */
export const hexWordAt = (name: LineName, word: string, from = FIRST): number =>
  wordAt(name, word) - wordAt(name, from);

/** The number of hexadecimal words in a line from `from` on. They stand together: a comm, or decimals, follow. */
export const hexWords = (name: LineName, from = FIRST): number => {
  const words = lineOf(name).words.slice(wordAt(name, from) - 1);
  const end = words.findIndex((word) => !isHex(word));
  return end < 0 ? words.length : end;
};

/** For each hexadecimal word from one to another: 1 where it has 8 digits at most, else 0. */
export const hexWordsFrom = (name: LineName, first: string, last: string): Uint8Array => {
  const words = lineOf(name).words.slice(wordAt(name, first) - 1, wordAt(name, last));
  if (!words.every(isHex)) throw new Error(`line ${name} has other words between ${first} and ${last}`);
  return Uint8Array.from(words, ({ kind }) => (kind === 'hex32' ? 1 : 0));
};

const found = (name: LineName, field: string): readonly [Word, Field, number] => {
  for (const word of lineOf(name).words) {
    for (const each of word.fields) {
      if (each.name === field) return [word, each, each.at ?? 0];
      const part = each.parts?.find((one) => one.name === field);
      if (part !== undefined) return [word, part, (each.at ?? 0) + (part.at ?? 0)];
    }
  }
  throw new Error(`line ${name} has no field ${field}`);
};

/**
 * The place of a field in a line's halves: the high half of each hexadecimal word, then the low one, from the word
 * `from` on.
 *
 * @throws Error for a field that the line does not have, or that is wider than a half
 */
export const placeOf = (name: LineName, field: string, from = FIRST): Place => {
  const [word, { bits }, at] = found(name, field);
  const count = Math.min(bits ?? 64, word.kind === 'hex32' ? 32 : 64);
  const shift = at % 32;
  if (shift + count > 32) throw new Error(`field ${field} of line ${name} is wider than a half`);
  const half = 2 * hexWordAt(name, word.name, from) + (at < 32 ? 1 : 0);
  return { half, shift, mask: count === 32 ? 0xffffffff : 2 ** count - 1 };
};

/** A field's bits within the half of its lowest bit. A field that is wider takes all of the half above, too. */
export const bitsWithin = (name: LineName, field: string): Pick<Place, 'shift' | 'mask'> => {
  const [, { bits }, at] = found(name, field);
  const shift = at % 32;
  return { shift, mask: 2 ** Math.min(bits ?? 32, 32 - shift) - 1 };
};

/** The half of a field that fills it alone. */
export const halfOf = (name: LineName, field: string): number => {
  const { half, shift, mask } = placeOf(name, field);
  if (shift !== 0 || mask !== 0xffffffff) throw new Error(`field ${field} of line ${name} shares its half`);
  return half;
};

/** Reads a field of at most 32 bits, unsigned. */
export const fieldAt = (halves: Uint32Array, { half, shift, mask }: Place): number =>
  (((halves[half] as number) >>> shift) & mask) >>> 0;

/** A field's width in bits, and its lowest bit in its word. */
export const extentOf = (word: Word, field: Field): { readonly at: number; readonly bits: number } => ({
  at: field.at ?? 0,
  bits: bitsOf(word, field),
});

/** The letter of a line as the number that `charCodeAt` gives. */
export const letterOf = (name: LineName): number => lineOf(name).letter.charCodeAt(0);
