import { halfOf } from '../wire/layout.ts';
import {
  BITS,
  bitOf,
  COMM_WORDS,
  EVIDENCE_HALVES,
  eachHalf,
  HALF_BITS_WORDS,
  HALVES,
  LETTER,
  packHalves,
  wordOfBit,
} from '../wire/packed.ts';

/**
 * Bases at most: lines from which others are told apart. A host has few kinds of sockets; a line without a base is kept
 * whole.
 */
const MOST_BASES = 255;
/** A line begins with one word: its letter, and above it the number of its base, or the bits of its evidence. */
const HEAD = { letter: 0xff, base: 8, evidenceBits: 16 } as const;
/** Words of a line: that one, then bits or what differs. */
const WORD = { head: 0, next: 1 } as const;
/** The letter and the base's number, then a bit for each half that differs from what is expected. */
const ANNOUNCE_HEAD = WORD.next + HALF_BITS_WORDS;
/** The bits of an S or R line's halves stand beside its letter, so there are 16 at most. */
if (EVIDENCE_HALVES > 32 - HEAD.evidenceBits) throw new Error('the evidence has more halves than a word has bits for');

/** Words that `tell` writes at most, for an announcement and for evidence. */
export const MOST_TOLD_WORDS = { announce: ANNOUNCE_HEAD + HALVES, evidence: WORD.next + EVIDENCE_HALVES } as const;

const pair = (field: string, leader: string): readonly [number, number] => [
  halfOf('deferred', field),
  halfOf('deferred', leader),
];

/** Pairs of a half and an earlier one that it mostly moves with: their distance is the same as in the base. */
const GOES_WITH = Uint8Array.of(
  ...pair('sndUna', 'writeSeq'),
  ...pair('sndNxt', 'writeSeq'),
  ...pair('copiedSeq', 'rcvNxt'),
  ...pair('rcvTstamp', 'lsndtime'),
  // IPv4 addresses as IPv6 has them.
  ...pair('laddr3', 'laddr'),
  ...pair('raddr3', 'raddr'),
  ...pair('tid', 'pid'),
);
const DEFERRED_GOES_WITH = Uint8Array.of(
  ...GOES_WITH,
  ...pair('closeSndUna', 'writeSeq'),
  ...pair('closeSndNxt', 'writeSeq'),
);
const pairsOf = (letter: number): Uint8Array => (letter === LETTER.deferred ? DEFERRED_GOES_WITH : GOES_WITH);

/**
 * The lines of packed socks. Each is kept as its differences from another line: sockets of one program share their
 * namespace, addresses and settings, and a retransmission mostly repeats the announcement.
 *
 * A packed line stays readable: a base is never changed or given up.
 */
export class PackedLines {
  readonly #bases: Uint32Array[] = [new Uint32Array(HALVES)];
  readonly #numbers = new Map<string, number>();
  readonly #halves = new Uint32Array(HALVES);
  readonly #announce = new Uint32Array(HALVES);
  readonly #wanted = new Uint32Array(HALVES);
  #letter = 0;
  #last = { letter: 0, number: 0 };

  /** Writes an announcement to `out`. @returns words written */
  tellAnnounce(line: string, out: Uint32Array, at: number): number {
    const halves = this.#halves;
    const count = eachHalf(line, halves);
    const letter = line.charCodeAt(0);
    const number = this.#baseFor(letter, count);
    const wanted = this.#expect(this.#bases[number] as Uint32Array, letter);
    out[at + WORD.head] = letter | (number << HEAD.base);
    out.fill(0, at + WORD.next, at + ANNOUNCE_HEAD);
    let end = at + ANNOUNCE_HEAD;
    for (let i = 0; i < count; i++) {
      const half = halves[i] as number;
      if (half === wanted[i]) continue;
      const bits = at + WORD.next + wordOfBit(i);
      out[bits] = (out[bits] as number) | bitOf(i);
      out[end++] = half;
    }
    return end - at;
  }

  /** Words of the announcement at `at`. */
  announceWords(words: Uint32Array, at: number): number {
    let count = ANNOUNCE_HEAD;
    for (let i = WORD.next; i < ANNOUNCE_HEAD; i++) count += onesIn(words[at + i] as number);
    return count;
  }

  /** Opens the announcement at `at`: the methods below read it. */
  open(words: Uint32Array, at: number): void {
    const head = words[at + WORD.head] as number;
    this.#letter = head & HEAD.letter;
    const base = this.#bases[head >>> HEAD.base] as Uint32Array;
    const halves = this.#announce;
    halves.set(base);
    let from = at + ANNOUNCE_HEAD;
    for (let i = WORD.next; i < ANNOUNCE_HEAD; i++) {
      const first = BITS * (i - WORD.next);
      for (let bits = words[at + i] as number; bits !== 0; bits &= bits - 1) {
        halves[first + lowestOf(bits)] = words[from++] as number;
      }
    }
    const pairs = pairsOf(this.#letter);
    for (let i = 0; i < pairs.length; i += 2) {
      const half = pairs[i] as number;
      const leader = pairs[i + 1] as number;
      const isTold = ((words[at + WORD.next + wordOfBit(half)] as number) & bitOf(half)) !== 0;
      if (!isTold) halves[half] = (halves[leader] as number) + (base[half] as number) - (base[leader] as number);
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
    const wanted = this.#expect(this.#announce, LETTER.setState);
    let bits = 0;
    let end = at + WORD.next;
    for (let i = 0; i < EVIDENCE_HALVES; i++) {
      const half = halves[i] as number;
      if (half === wanted[i]) continue;
      bits |= bitOf(i);
      out[end++] = half;
    }
    out[at + WORD.head] = line.charCodeAt(0) | (bits << HEAD.evidenceBits);
    return end - at;
  }

  evidenceWords(words: Uint32Array, at: number): number {
    return WORD.next + onesIn((words[at + WORD.head] as number) >>> HEAD.evidenceBits);
  }

  /** The packed form of the evidence at `at`, as `parseEvidence` takes it. Its announcement is open. */
  evidenceText(words: Uint32Array, at: number): string {
    const announce = this.#announce;
    const halves = this.#halves.fill(0);
    halves.set(announce.subarray(0, EVIDENCE_HALVES));
    const head = words[at + WORD.head] as number;
    const told = head >>> HEAD.evidenceBits;
    let from = at + WORD.next;
    for (let bits = told; bits !== 0; bits &= bits - 1) halves[lowestOf(bits)] = words[from++] as number;
    for (let i = 0; i < GOES_WITH.length; i += 2) {
      const half = GOES_WITH[i] as number;
      const leader = GOES_WITH[i + 1] as number;
      if (half < EVIDENCE_HALVES && (told & bitOf(half)) === 0) {
        halves[half] = (halves[leader] as number) + (announce[half] as number) - (announce[leader] as number);
      }
    }
    return packHalves(head & HEAD.letter, halves);
  }

  /** A half of the announcement's evidence that moves with no other. Nothing else is read. */
  announceHalf(words: Uint32Array, at: number, i: number): number {
    const bits = words[at + WORD.next] as number;
    if ((bits & bitOf(i)) !== 0) return words[at + ANNOUNCE_HEAD + onesBelow(bits, i)] as number;
    return (this.#bases[(words[at + WORD.head] as number) >>> HEAD.base] as Uint32Array)[i] as number;
  }

  /** Reads the same half of an S or R line; null where it equals the announcement's. */
  evidenceHalf(words: Uint32Array, at: number, i: number): number | null {
    const bits = (words[at + WORD.head] as number) >>> HEAD.evidenceBits;
    if ((bits & bitOf(i)) === 0) return null;
    return words[at + WORD.next + onesBelow(bits, i)] as number;
  }

  /** Predicts a line from `base`, given those halves of `#halves` that others move with. */
  #expect(base: Uint32Array, letter: number): Uint32Array {
    const wanted = this.#wanted;
    wanted.set(base);
    const pairs = pairsOf(letter);
    for (let i = 0; i < pairs.length; i += 2) {
      const half = pairs[i] as number;
      const leader = pairs[i + 1] as number;
      wanted[half] = (this.#halves[leader] as number) + (base[half] as number) - (base[leader] as number);
    }
    return wanted;
  }

  /** The base of this line: the first line of its kind and program. 0: none. */
  #baseFor(letter: number, count: number): number {
    const halves = this.#halves;
    const last = this.#last;
    if (last.letter === letter && this.#isOfProgram(last.number, count)) return last.number;
    let key = String.fromCharCode(letter);
    for (let i = count - COMM_WORDS; i < count; i++) {
      const half = halves[i] as number;
      key += String.fromCharCode(half >>> 16, half & 0xffff);
    }
    const known = this.#numbers.get(key);
    if (known === undefined && this.#bases.length > MOST_BASES) return 0;
    const number = known ?? this.#bases.push(halves.slice()) - 1;
    this.#numbers.set(key, number);
    this.#last = { letter, number };
    return number;
  }

  #isOfProgram(number: number, count: number): boolean {
    const base = this.#bases[number] as Uint32Array;
    for (let i = count - COMM_WORDS; i < count; i++) if (this.#halves[i] !== base[i]) return false;
    return true;
  }
}

const lowestOf = (bits: number): number => 31 - Math.clz32(bits & -bits);

const onesBelow = (bits: number, half: number): number => onesIn(bits & (bitOf(half) - 1));

const onesIn = (bits: number): number => {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  count = (count + (count >>> 4)) & 0x0f0f0f0f;
  return Math.imul(count, 0x01010101) >>> 24;
};
