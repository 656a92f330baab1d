import { eachHalf, HALVES, LETTER, packHalves } from '../wire/packed.ts';

/** Lines that others are told by at most; of a host's sockets there are few kinds, and a kind with none tells all of it. */
const MOST_BASES = 255;
const LETTER_BITS = 8;
/** The letter and the base's number; a bit for each half of a field that is another than expected. */
const ANNOUNCE_HEAD = 4;
/** Halves of an S or R line: their bits stand beside the letter. */
const EVIDENCE_HALVES = 16;
const EVIDENCE_BITS_AT = 16;
const COMM_WORDS = 4;

/** Words that `tell` takes at most, of an announcement and of evidence. */
export const MOST_TOLD_WORDS = { announce: ANNOUNCE_HEAD + HALVES, evidence: 1 + EVIDENCE_HALVES } as const;

/** A half, and the earlier one it mostly goes with: as far from it as in the base. */
const GOES_WITH: readonly (readonly [number, number])[] = [
  // snd_una and snd_nxt with write_seq, copied_seq with rcv_nxt, rcv_tstamp with lsndtime.
  [5, 4],
  [6, 4],
  [17, 16],
  [23, 22],
  // The addresses of IPv4 as IPv6 has them; tid with pid.
  [41, 36],
  [45, 37],
  [47, 46],
];
/** Of an L line: snd_una and snd_nxt at the close. */
const LATE_GOES_WITH: typeof GOES_WITH = [
  [60, 4],
  [61, 4],
];
const ALONE = 0xff;

const leadersOf = (pairs: typeof GOES_WITH): Uint8Array => {
  const leaders = new Uint8Array(HALVES).fill(ALONE);
  for (const [half, leader] of pairs) leaders[half] = leader;
  return leaders;
};
const LEADERS = leadersOf(GOES_WITH);
const LATE_LEADERS = leadersOf([...GOES_WITH, ...LATE_GOES_WITH]);

const expected = (halves: Uint32Array, base: Uint32Array, leaders: Uint8Array, i: number): number => {
  const leader = leaders[i] as number;
  const same = base[i] as number;
  return leader === ALONE ? same : ((halves[leader] as number) + same - (base[leader] as number)) >>> 0;
};

/**
 * The lines of parked socks, each told by what is different from another one: sockets of one program share their
 * namespace, addresses and settings, and a retransmission says mostly what the announcement said.
 *
 * What was told of stays readable: a base, once it is one, is never changed or given up.
 */
export class Alike {
  readonly #bases: Uint32Array[] = [new Uint32Array(HALVES)];
  readonly #numbers = new Map<string, number>();
  readonly #halves = new Uint32Array(HALVES);
  readonly #announce = new Uint32Array(HALVES);
  #letter = 0;

  /** Writes an announcement to `out`. @returns words written */
  tellAnnounce(line: string, out: Uint32Array, at: number): number {
    const halves = this.#halves;
    const count = eachHalf(line, halves);
    const letter = line.charCodeAt(0);
    const leaders = letter === LETTER.late ? LATE_LEADERS : LEADERS;
    let number = this.#baseFor(letter, count);
    if (number !== 0 && this.#differences(number, leaders, count) > this.#differences(0, leaders, count)) number = 0;
    const base = this.#bases[number] as Uint32Array;
    out[at] = letter | (number << LETTER_BITS);
    out.fill(0, at + 1, at + ANNOUNCE_HEAD);
    let end = at + ANNOUNCE_HEAD;
    for (let i = 0; i < count; i++) {
      const half = halves[i] as number;
      if (half === expected(halves, base, leaders, i)) continue;
      const bits = at + 1 + (i >>> 5);
      out[bits] = (out[bits] as number) | (1 << (i & 31));
      out[end++] = half;
    }
    return end - at;
  }

  /** Words of the announcement at `at`. */
  announceWords(words: Uint32Array, at: number): number {
    let count = ANNOUNCE_HEAD;
    for (let i = 1; i < ANNOUNCE_HEAD; i++) count += onesIn(words[at + i] as number);
    return count;
  }

  /** Reads the announcement at `at`: what is asked next is about it. */
  open(words: Uint32Array, at: number): void {
    const head = words[at] as number;
    this.#letter = head & 0xff;
    const base = this.#bases[head >>> LETTER_BITS] as Uint32Array;
    const leaders = this.#letter === LETTER.late ? LATE_LEADERS : LEADERS;
    const halves = this.#announce;
    let from = at + ANNOUNCE_HEAD;
    for (let i = 0; i < HALVES; i++) {
      const isTold = (((words[at + 1 + (i >>> 5)] as number) >>> (i & 31)) & 1) === 1;
      halves[i] = isTold ? (words[from++] as number) : expected(halves, base, leaders, i);
    }
  }

  /** The packed form of the open announcement, as `parseAnnounce` takes it. */
  announceText(): string {
    return packHalves(this.#letter, this.#announce);
  }

  /** A half of the open announcement. */
  half(i: number): number {
    return this.#announce[i] as number;
  }

  /** Writes an S or R line of the open announcement's sock to `out`. @returns words written */
  tellEvidence(line: string, out: Uint32Array, at: number): number {
    const halves = this.#halves;
    eachHalf(line, halves);
    let bits = 0;
    let end = at + 1;
    for (let i = 0; i < EVIDENCE_HALVES; i++) {
      const half = halves[i] as number;
      if (half === expected(halves, this.#announce, LEADERS, i)) continue;
      bits |= 1 << i;
      out[end++] = half;
    }
    out[at] = line.charCodeAt(0) | (bits << EVIDENCE_BITS_AT);
    return end - at;
  }

  evidenceWords(words: Uint32Array, at: number): number {
    return 1 + onesIn((words[at] as number) >>> EVIDENCE_BITS_AT);
  }

  /** The packed form of the evidence at `at`, its announcement being open, as `parseEvidence` takes it. */
  evidenceText(words: Uint32Array, at: number): string {
    const halves = this.#halves.fill(0);
    const head = words[at] as number;
    let from = at + 1;
    for (let i = 0; i < EVIDENCE_HALVES; i++) {
      const isTold = ((head >>> (EVIDENCE_BITS_AT + i)) & 1) === 1;
      halves[i] = isTold ? (words[from++] as number) : expected(halves, this.#announce, LEADERS, i);
    }
    return packHalves(head & 0xff, halves);
  }

  /** A half of the announcement's evidence that goes with no other; nothing else is read. */
  announceHalf(words: Uint32Array, at: number, i: number): number {
    const bits = words[at + 1] as number;
    if (((bits >>> i) & 1) === 1) return words[at + ANNOUNCE_HEAD + onesIn(bits & ((1 << i) - 1))] as number;
    return (this.#bases[(words[at] as number) >>> LETTER_BITS] as Uint32Array)[i] as number;
  }

  /** The same of an S or R line; null where the announcement's is its too. */
  evidenceHalf(words: Uint32Array, at: number, i: number): number | null {
    const bits = (words[at] as number) >>> EVIDENCE_BITS_AT;
    if (((bits >>> i) & 1) === 0) return null;
    return words[at + 1 + onesIn(bits & ((1 << i) - 1))] as number;
  }

  /** The line that this one of `#halves` is told by: the first of its kind and program. 0: none. */
  #baseFor(letter: number, count: number): number {
    const halves = this.#halves;
    let key = String.fromCharCode(letter);
    for (let i = count - COMM_WORDS; i < count; i++) {
      const half = halves[i] as number;
      key += String.fromCharCode(half >>> 16, half & 0xffff);
    }
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#bases.length > MOST_BASES) return 0;
    const number = this.#bases.push(halves.slice()) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  #differences(number: number, leaders: Uint8Array, count: number): number {
    const base = this.#bases[number] as Uint32Array;
    let different = 0;
    for (let i = 0; i < count; i++) if (this.#halves[i] !== expected(this.#halves, base, leaders, i)) different++;
    return different;
  }
}

const onesIn = (bits: number): number => {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  count = (count + (count >>> 4)) & 0x0f0f0f0f;
  return Math.imul(count, 0x01010101) >>> 24;
};
