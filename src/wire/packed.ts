import './raw-buffer.ts';
import type { Fields } from './fields.ts';
import { Scan } from './scan.ts';

/** e0–e7, a0–a4, netns, uid and mark, cgroup, cookie, ports, five of addresses, task, its flags, exit code, h0–h2. */
const ANNOUNCE_FIELDS = 29;
/** And of one made late: when it was closed, snd_una and snd_nxt then, bits of its close. */
const LATE_FIELDS = ANNOUNCE_FIELDS + 3;
const EVIDENCE_FIELDS = 8;
const COMM_WORDS = 4;
/** The letter, and a bit for each word that is not 0. */
const HEAD_WORDS = 4;

/** Words that the packed form of a line takes at most. */
export const MOST_PACKED_WORDS = HEAD_WORDS + 2 * LATE_FIELDS + COMM_WORDS;

const scan = new Scan();
const words = new Uint32Array(MOST_PACKED_WORDS);
const bytes = Buffer.from(words.buffer);

/**
 * Packs what an A, L, S or R line says of its sock from e0 on: a word for each half of a field, those that are 0 left out.
 * Half of them are; an announcement's 400 characters take some 150 bytes.
 *
 * @param line - decoded already, and good; one that is packed is copied
 * @returns words written to `out`, from `start` on
 */
export const packLine = (line: string, out: Uint32Array, start: number): number => {
  if (isPacked(line)) {
    bytes.latin1Write(line, 0, line.length);
    out.set(words.subarray(0, line.length >>> 2), start);
    return line.length >>> 2;
  }
  const letter = line.charCodeAt(0);
  scan.start(line);
  scan.decimal();
  const isAnnounce = letter === LETTER.announce || letter === LETTER.late;
  scan.skipHex(isAnnounce ? 2 : letter === LETTER.setState ? 3 : 1);
  out[start] = letter;
  out[start + 1] = 0;
  out[start + 2] = 0;
  out[start + 3] = 0;
  let end = start + HEAD_WORDS;
  let index = 0;
  const put = (word: number): void => {
    if (word !== 0) {
      const at = start + 1 + (index >>> 5);
      out[at] = (out[at] as number) | (1 << (index & 31));
      out[end++] = word;
    }
    index++;
  };
  const fields = letter === LETTER.late ? LATE_FIELDS : isAnnounce ? ANNOUNCE_FIELDS : EVIDENCE_FIELDS;
  for (let i = 0; i < fields; i++) {
    scan.hex();
    put(scan.hi);
    put(scan.lo);
  }
  if (isAnnounce) {
    const comm = Buffer.from(scan.comm().replaceAll(' ', ''), 'hex');
    for (let i = 0; i < COMM_WORDS; i++) put(comm.readUInt32BE(4 * i));
  }
  return end - start;
};

const LETTER = { announce: 0x41, late: 0x4c, setState: 0x53 } as const;

/** Whether a line was packed: after its letter a line's text has a space. */
export const isPacked = (line: string): boolean => line.charCodeAt(1) === 0;

/** The packed form as a string: the letter still comes first. One that is packed already comes back as it is. */
export const packedText = (line: string): string =>
  isPacked(line) ? line : bytes.toString('latin1', 0, 4 * packLine(line, words, 0));

/** Places of the halves that `heldBytes` of the evidence is about. */
const HELD = { wmemQueued: 12, rmemAlloc: 13, forwardAlloc: 14 } as const;

/**
 * `heldBytes` of a packed line, out of the words themselves: it is asked of every sock once a second.
 *
 * @param at - where in `from` the line begins
 */
export const packedHeldBytes = (from: Uint32Array, at: number): number => {
  const mask = from[at + 1] as number;
  const half = (index: number): number => {
    if (((mask >>> index) & 1) === 0) return 0;
    return from[at + HEAD_WORDS + onesIn(mask & ((1 << index) - 1))] as number;
  };
  return half(HELD.wmemQueued) + half(HELD.rmemAlloc) + Math.max(0, half(HELD.forwardAlloc) | 0);
};

/** Of the low 16 bits. */
const onesIn = (bits: number): number => {
  let count = bits - ((bits >>> 1) & 0x5555);
  count = (count & 0x3333) + ((count >>> 2) & 0x3333);
  count = (count + (count >>> 4)) & 0x0f0f;
  return (count + (count >>> 8)) & 0x1f;
};

/** Reads the packed form. */
export class PackedFields implements Fields {
  readonly #words = new Uint32Array(MOST_PACKED_WORDS);
  readonly #bytes = Buffer.from(this.#words.buffer);
  readonly #halves = new Uint32Array(2);
  #index = 0;
  #at = 0;

  start(packed: string): this {
    this.#bytes.latin1Write(packed, 0, packed.length);
    this.#index = 0;
    this.#at = HEAD_WORDS;
    return this;
  }

  get hi(): number {
    return this.#halves[0] as number;
  }

  get lo(): number {
    return this.#halves[1] as number;
  }

  hex(): void {
    this.#halves[0] = this.#word();
    this.#halves[1] = this.#word();
  }

  hex32(): number {
    this.hex();
    return this.#halves[1] as number;
  }

  skipHex(fields: number): void {
    for (let i = 0; i < fields; i++) this.hex();
  }

  comm(): string {
    for (let i = 0; i < COMM_WORDS; i++) COMM[i] = this.#word();
    return commHex(COMM);
  }

  #word(): number {
    const index = this.#index++;
    const isThere = ((this.#words[1 + (index >>> 5)] as number) >>> (index & 31)) & 1;
    return isThere === 1 ? (this.#words[this.#at++] as number) : 0;
  }
}

/** Comms in hex, at a place their words tell: a host has few, and they come by the thousand. */
const COMM_SLOTS = 256;
const COMM = new Uint32Array(COMM_WORDS);
const commWords = new Uint32Array(COMM_SLOTS * COMM_WORDS);
const commTexts = new Array<string>(COMM_SLOTS).fill('');

const commHex = (comm: Uint32Array): string => {
  let hash = 0;
  for (const word of comm) hash = Math.imul(hash ^ word, 0x9e3779b1);
  const slot = hash >>> 24;
  const known = commTexts[slot] as string;
  if (known !== '' && comm.every((word, i) => word === commWords[slot * COMM_WORDS + i])) return known;
  const text = Array.from(comm, bytesOf).join(' ');
  commWords.set(comm, slot * COMM_WORDS);
  commTexts[slot] = text;
  return text;
};

const bytesOf = (word: number): string =>
  word
    .toString(16)
    .padStart(8, '0')
    .replace(/..(?=.)/g, '$& ');
