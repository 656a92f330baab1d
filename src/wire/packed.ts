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

/** Halves of the fields of the longest line that is packed, its comm as four more. */
export const HALVES = 2 * LATE_FIELDS + COMM_WORDS;
const MOST_PACKED_WORDS = HEAD_WORDS + HALVES;

const scan = new Scan();
const halvesOfLine = new Uint32Array(HALVES);
const words = new Uint32Array(MOST_PACKED_WORDS);
const bytes = Buffer.from(words.buffer);

/**
 * What an A, L, S or R line says of its sock from e0 on: high and low half of each field, then its comm; 0 behind them.
 *
 * @param line - decoded already, and good; or its packed form
 * @param out - `HALVES` words
 * @returns how many halves such a line has
 */
export const eachHalf = (line: string, out: Uint32Array): number => {
  const letter = line.charCodeAt(0);
  const isAnnounce = letter === LETTER.announce || letter === LETTER.late;
  const fields = letter === LETTER.late ? LATE_FIELDS : isAnnounce ? ANNOUNCE_FIELDS : EVIDENCE_FIELDS;
  out.fill(0, 2 * fields);
  if (isPacked(line)) {
    bytes.latin1Write(line, 0, line.length);
    let from = HEAD_WORDS;
    const count = 2 * fields + (isAnnounce ? COMM_WORDS : 0);
    for (let i = 0; i < count; i++) {
      const isThere = ((words[1 + (i >>> 5)] as number) >>> (i & 31)) & 1;
      out[i] = isThere === 1 ? (words[from++] as number) : 0;
    }
    return count;
  }
  scan.start(line);
  scan.decimal();
  scan.skipHex(isAnnounce ? 2 : letter === LETTER.setState ? 3 : 1);
  for (let i = 0; i < fields; i++) {
    scan.hex();
    out[2 * i] = scan.hi;
    out[2 * i + 1] = scan.lo;
  }
  if (!isAnnounce) return 2 * fields;
  const comm = Buffer.from(scan.comm().replaceAll(' ', ''), 'hex');
  for (let i = 0; i < COMM_WORDS; i++) out[2 * fields + i] = comm.readUInt32BE(4 * i);
  return 2 * fields + COMM_WORDS;
};

/**
 * The packed form: the letter, a bit for each half that is not 0, and those. Half of them are 0; an announcement's 400
 * characters take some 150 bytes.
 */
export const packHalves = (letter: number, halves: Uint32Array): string => {
  words.fill(0, 0, HEAD_WORDS);
  words[0] = letter;
  let end = HEAD_WORDS;
  for (let i = 0; i < HALVES; i++) {
    const half = halves[i] as number;
    if (half === 0) continue;
    const at = 1 + (i >>> 5);
    words[at] = (words[at] as number) | (1 << (i & 31));
    words[end++] = half;
  }
  return bytes.toString('latin1', 0, 4 * end);
};

export const LETTER = { announce: 0x41, late: 0x4c, setState: 0x53 } as const;

/** Whether a line was packed: after its letter a line's text has a space. */
export const isPacked = (line: string): boolean => line.charCodeAt(1) === 0;

/** The packed form of a line; the letter still comes first. One that is packed already comes back as it is. */
export const packedText = (line: string): string => {
  if (isPacked(line)) return line;
  eachHalf(line, halvesOfLine);
  return packHalves(line.charCodeAt(0), halvesOfLine);
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
