import './raw-buffer.ts';
import { readKnown } from './known.ts';
import { hexWords, letterOf, wordAt } from './layout.ts';
import type { LineName } from './schema.ts';

const COMM_BYTES = 16;
export const COMM_WORDS = COMM_BYTES / 4;

/** The part of a line that shows a socket, from e0 on. */
type Shape = {
  /** Words before e0, the letter being one. */
  readonly skip: number;
  /** Hexadecimal words; each is two halves. */
  readonly words: number;
  /** Bytes of its comm. */
  readonly bytes: number;
  /** Halves, those of its comm included. */
  readonly halves: number;
};

const shapeOf = (name: LineName, bytes: number): Shape => {
  const words = hexWords(name);
  return { skip: wordAt(name, 'e0'), words, bytes, halves: 2 * words + bytes / 4 };
};

export const LETTER = {
  announce: letterOf('announce'),
  deferred: letterOf('deferred'),
  setState: letterOf('set_state'),
  retransmit: letterOf('retransmit'),
  look: letterOf('look'),
} as const;

const ANNOUNCE = shapeOf('announce', COMM_BYTES);
const DEFERRED = shapeOf('deferred', COMM_BYTES);
const SET_STATE = shapeOf('set_state', 0);
const RETRANSMIT = shapeOf('retransmit', 0);
const LOOK = shapeOf('look', 0);

const shapeBy = (letter: number): Shape => {
  if (letter === LETTER.deferred) return DEFERRED;
  if (letter === LETTER.announce) return ANNOUNCE;
  if (letter === LETTER.look) return LOOK;
  return letter === LETTER.setState ? SET_STATE : RETRANSMIT;
};

/** Bits of a word, in a row of words that has a bit for each half. */
export const BITS = 32;
/** The index of the word that has a half's bit; `bitOf` gives the bit in it. */
export const wordOfBit = (half: number): number => half >>> 5;
export const bitOf = (half: number): number => 1 << (half & (BITS - 1));

/** Halves of what a socket shows. They come first in every such line. */
export const EVIDENCE_HALVES = SET_STATE.halves;
/** Halves of the longest line that is packed. */
export const HALVES = DEFERRED.halves;
/** A bit for each half, 32 in a word. */
export const HALF_BITS_WORDS = Math.ceil(HALVES / BITS);
/** Words of the packed form: the letter, a bit for each half that is not 0, then those halves. */
const WORD = { letter: 0, bits: 1 } as const;
const HEAD_WORDS = WORD.bits + HALF_BITS_WORDS;
const MOST_PACKED_WORDS = HEAD_WORDS + HALVES;

const halvesOfLine = new Uint32Array(HALVES);
const words = new Uint32Array(MOST_PACKED_WORDS);
const bytes = Buffer.from(words.buffer);

/**
 * Reads what an A, L, S, R or W line shows of its sock, from e0 on: high and low half of each word, then its comm.
 * Words of `out` behind them stay as they were.
 *
 * @param line - decoded already, and good; or its packed form
 * @param out - `HALVES` words
 * @returns the number of halves that such a line has
 */
export const readHalves = (line: string, out: Uint32Array): number => {
  const shape = shapeBy(line.charCodeAt(0));
  const count = shape.halves;
  if (!isPacked(line)) {
    readKnown(line, shape.skip, shape.words, shape.bytes, out);
    return count;
  }
  bytes.latin1Write(line, 0, line.length);
  let from = HEAD_WORDS;
  for (let i = 0; i < count; i++) {
    const isThere = ((words[WORD.bits + wordOfBit(i)] as number) & bitOf(i)) !== 0;
    out[i] = isThere ? (words[from++] as number) : 0;
  }
  return count;
};

/** Reads the same halves, and puts 0 behind them. */
export const eachHalf = (line: string, out: Uint32Array): number => {
  const count = readHalves(line, out);
  out.fill(0, count);
  return count;
};

/**
 * The packed form: the letter, a bit for each half that is not 0, then those halves. Half of all are 0: an
 * announcement's 400 characters take some 150 bytes.
 */
export const packHalves = (letter: number, halves: Uint32Array): string => {
  words.fill(0, 0, HEAD_WORDS);
  words[WORD.letter] = letter;
  let end = HEAD_WORDS;
  for (let i = 0; i < HALVES; i++) {
    const half = halves[i] as number;
    if (half === 0) continue;
    const at = WORD.bits + wordOfBit(i);
    words[at] = (words[at] as number) | bitOf(i);
    words[end++] = half;
  }
  return bytes.toString('latin1', 0, 4 * end);
};

/** True if a line is packed: in a line's text a space follows the letter. */
export const isPacked = (line: string): boolean => line.charCodeAt(1) === 0;

/** The packed form of a line. The letter still comes first. A line that is packed already comes back as it is. */
export const packedText = (line: string): string => {
  if (isPacked(line)) return line;
  eachHalf(line, halvesOfLine);
  return packHalves(line.charCodeAt(0), halvesOfLine);
};
