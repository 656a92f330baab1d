import { halfOf } from '../wire/layout.ts';
import { COMM_WORDS, EVIDENCE_HALVES, eachHalf, HALF_BITS_WORDS, HALVES, LETTER, packHalves } from '../wire/packed.ts';

/**
 * Bases at most: lines from which others are told apart. A host has few kinds of sockets; a line without a base is kept
 * whole.
 */
const MOST_BASES = 255;
const LETTER_BITS = 8;
/** The letter and the base's number, then a bit for each half that differs from what is expected. */
const ANNOUNCE_HEAD = 1 + HALF_BITS_WORDS;
/** The bits of an S or R line's halves stand beside its letter, so there are 16 at most. */
const EVIDENCE_BITS_AT = 16;
if (EVIDENCE_HALVES > 32 - EVIDENCE_BITS_AT) throw new Error('the evidence has more halves than a word has bits for');

/** Words that `tell` writes at most, for an announcement and for evidence. */
export const MOST_TOLD_WORDS = { announce: ANNOUNCE_HEAD + HALVES, evidence: 1 + EVIDENCE_HALVES } as const;

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
    out[at] = letter | (number << LETTER_BITS);
    out.fill(0, at + 1, at + ANNOUNCE_HEAD);
    let end = at + ANNOUNCE_HEAD;
    for (let i = 0; i < count; i++) {
      const half = halves[i] as number;
      if (half === wanted[i]) continue;
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

  /** Opens the announcement at `at`: the methods below read it. */
  open(words: Uint32Array, at: number): void {
    const head = words[at] as number;
    this.#letter = head & 0xff;
    const base = this.#bases[head >>> LETTER_BITS] as Uint32Array;
    const halves = this.#announce;
    halves.set(base);
    let from = at + ANNOUNCE_HEAD;
    for (let i = 1; i < ANNOUNCE_HEAD; i++) {
      const first = 32 * (i - 1);
      for (let bits = words[at + i] as number; bits !== 0; bits &= bits - 1) {
        halves[first + lowestOf(bits)] = words[from++] as number;
      }
    }
    const pairs = pairsOf(this.#letter);
    for (let i = 0; i < pairs.length; i += 2) {
      const half = pairs[i] as number;
      const leader = pairs[i + 1] as number;
      const isTold = (((words[at + 1 + (half >>> 5)] as number) >>> (half & 31)) & 1) === 1;
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
    let end = at + 1;
    for (let i = 0; i < EVIDENCE_HALVES; i++) {
      const half = halves[i] as number;
      if (half === wanted[i]) continue;
      bits |= 1 << i;
      out[end++] = half;
    }
    out[at] = line.charCodeAt(0) | (bits << EVIDENCE_BITS_AT);
    return end - at;
  }

  evidenceWords(words: Uint32Array, at: number): number {
    return 1 + onesIn((words[at] as number) >>> EVIDENCE_BITS_AT);
  }

  /** The packed form of the evidence at `at`, as `parseEvidence` takes it. Its announcement is open. */
  evidenceText(words: Uint32Array, at: number): string {
    const announce = this.#announce;
    const halves = this.#halves.fill(0);
    halves.set(announce.subarray(0, EVIDENCE_HALVES));
    const head = words[at] as number;
    const told = head >>> EVIDENCE_BITS_AT;
    let from = at + 1;
    for (let bits = told; bits !== 0; bits &= bits - 1) halves[lowestOf(bits)] = words[from++] as number;
    for (let i = 0; i < GOES_WITH.length; i += 2) {
      const half = GOES_WITH[i] as number;
      const leader = GOES_WITH[i + 1] as number;
      if (half < EVIDENCE_HALVES && ((told >>> half) & 1) === 0) {
        halves[half] = (halves[leader] as number) + (announce[half] as number) - (announce[leader] as number);
      }
    }
    return packHalves(head & 0xff, halves);
  }

  /** A half of the announcement's evidence that moves with no other. Nothing else is read. */
  announceHalf(words: Uint32Array, at: number, i: number): number {
    const bits = words[at + 1] as number;
    if (((bits >>> i) & 1) === 1) return words[at + ANNOUNCE_HEAD + onesIn(bits & ((1 << i) - 1))] as number;
    return (this.#bases[(words[at] as number) >>> LETTER_BITS] as Uint32Array)[i] as number;
  }

  /** The same half of an S or R line; null where it equals the announcement's. */
  evidenceHalf(words: Uint32Array, at: number, i: number): number | null {
    const bits = (words[at] as number) >>> EVIDENCE_BITS_AT;
    if (((bits >>> i) & 1) === 0) return null;
    return words[at + 1 + onesIn(bits & ((1 << i) - 1))] as number;
  }

  /** What `base` leads to expect of a line, given those halves of `#halves` that others move with. */
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

const onesIn = (bits: number): number => {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  count = (count + (count >>> 4)) & 0x0f0f0f0f;
  return Math.imul(count, 0x01010101) >>> 24;
};
