import { type SkAddr, type TraceNs, traceNs } from '../kernel/units.ts';
import { MOST_PACKED_WORDS, packedHeldBytes, packLine } from '../wire/packed.ts';
import { Arena } from './arena.ts';
import { createGapLists } from './gap-lists.ts';
import { type Gap, NONE, type ObservedMove, type Sock } from './sock.ts';

/** The number a parked sock goes by. */
export type ParkedId = number;

/** Socks of which nothing was heard for a while, each in some 250 bytes that the garbage collector does not look into. */
export type Parked = {
  /** @returns null for a sock that has more to it than fits: it stays an object */
  readonly park: (sock: Sock) => ParkedId | null;
  /** The sock as it was parked; a copy of its own. */
  readonly read: (id: ParkedId, sk: SkAddr) => Sock;
  /** Its bytes are for others from now on. */
  readonly free: (id: ParkedId) => void;
  readonly addGap: (id: ParkedId, gap: Gap) => void;
  /** Single things of a parked sock, without a copy of it. */
  readonly generationOf: (id: ParkedId) => number;
  readonly viaOf: (id: ParkedId) => number;
  readonly stateOf: (id: ParkedId) => number;
  readonly retransmitsOf: (id: ParkedId) => number;
  readonly closedAtOf: (id: ParkedId) => TraceNs;
  /** `heldBytes` of its newest evidence. */
  readonly heldBytesOf: (id: ParkedId) => number;
};

/** Doubles of a block. */
const DOUBLE = { announcedAt: 0, orphanAt: 1, firstRetransmitAt: 2, latestAt: 3, closedAt: 4 } as const;
/** Words of a block, the doubles counted as two. `shape` tells what follows: transitions, announcement, evidence. */
const WORD = {
  generation: 10,
  lines: 11,
  retransmits: 12,
  flags: 13,
  context: 14,
  marks: 15,
  shape: 16,
  gaps: 17,
} as const;
const HEAD_WORDS = 18;
/** at, a double; then from, to and own. One word stays empty. */
const MOVE_WORDS = 4;
const MOST_MOVES = 7;

/** Both lines of a sock, on their way into a block. */
const scratch = new Uint32Array(2 * MOST_PACKED_WORDS);

export const createParked = (): Parked => {
  const arena = new Arena();
  const gapLists = createGapLists();
  const wordOf = (id: ParkedId, index: number): number => {
    const { words, at } = arena.place(id);
    return words[at + index] as number;
  };

  return {
    park: (sock) => {
      const gaps = gapLists.numberOf(sock.gaps);
      if (gaps === null || !fits(sock)) return null;
      const { announce, latest, moves } = sock;
      const announceWords = packLine(announce.line, scratch, 0);
      const latestWords = latest === null ? 0 : packLine(latest, scratch, announceWords);
      const shape = moves.length | (announceWords << 8) | (latestWords << 16);
      const id = arena.take(wordsOf(shape));
      const { words, doubles, at } = arena.place(id);
      const double = at >>> 1;
      doubles[double + DOUBLE.announcedAt] = sock.announcedAt;
      doubles[double + DOUBLE.orphanAt] = sock.orphanAt ?? Number.NaN;
      doubles[double + DOUBLE.firstRetransmitAt] = sock.firstRetransmitAt ?? Number.NaN;
      doubles[double + DOUBLE.latestAt] = sock.latestAt ?? Number.NaN;
      doubles[double + DOUBLE.closedAt] = sock.closedAt;
      words[at + WORD.generation] = sock.generation;
      words[at + WORD.lines] = sock.lines;
      words[at + WORD.retransmits] = sock.retransmits;
      words[at + WORD.flags] = announce.flags;
      words[at + WORD.context] = announce.context;
      words[at + WORD.marks] =
        announce.via | (announce.movedTo << 4) | (sock.state << 8) | (sock.entered ? 1 << 16 : 0);
      words[at + WORD.shape] = shape;
      words[at + WORD.gaps] = gaps;
      let end = at + HEAD_WORDS;
      for (const move of moves) {
        doubles[end >>> 1] = move.at;
        words[end + 2] = move.from | (move.to << 8) | (move.own ? 1 << 16 : 0);
        end += MOVE_WORDS;
      }
      for (let i = 0; i < announceWords + latestWords; i++) words[end + i] = scratch[i] as number;
      return id;
    },

    read: (id, sk) => {
      const { words, doubles, at } = arena.place(id);
      const double = at >>> 1;
      const word = (index: number): number => words[at + index] as number;
      const time = (index: number) => {
        const ns = doubles[double + index] as number;
        return Number.isNaN(ns) ? null : traceNs(ns);
      };
      const marks = word(WORD.marks);
      const shape = word(WORD.shape);
      const announcedAt = traceNs(doubles[double + DOUBLE.announcedAt] as number);
      const closedAt = traceNs(doubles[double + DOUBLE.closedAt] as number);
      let end = at + HEAD_WORDS;
      const moves: ObservedMove[] = movesOf(shape) === 0 ? NONE : new Array<ObservedMove>(movesOf(shape));
      for (let i = 0; i < moves.length; i++) {
        const packed = words[end + 2] as number;
        const moveAt = traceNs(doubles[end >>> 1] as number);
        moves[i] = { at: moveAt, from: packed & 0xff, to: (packed >>> 8) & 0xff, own: packed >>> 16 === 1 };
        end += MOVE_WORDS;
      }
      const latestFrom = end + announceWordsOf(shape);
      const line = textOf(words, end, latestFrom);
      const latestWords = latestWordsOf(shape);
      return {
        sk,
        generation: word(WORD.generation),
        announce: {
          kind: 'announce',
          at: announcedAt,
          sk,
          via: viaIn(marks),
          flags: word(WORD.flags),
          context: word(WORD.context),
          movedTo: (marks >>> 4) & 0xf,
          closedAt,
          retransmits: 0,
          line,
        },
        announcedAt,
        closedAt,
        orphanAt: time(DOUBLE.orphanAt),
        entered: marks >>> 16 === 1,
        lingering: false,
        state: stateIn(marks),
        moves,
        latest: latestWords === 0 ? null : textOf(words, latestFrom, latestFrom + latestWords),
        latestAt: time(DOUBLE.latestAt),
        retransmits: word(WORD.retransmits),
        firstRetransmitAt: time(DOUBLE.firstRetransmitAt),
        resets: NONE,
        lines: word(WORD.lines),
        printed: -1,
        pressure: null,
        destroyedAt: null,
        cookie: null,
        destroyErr: 0,
        gaps: gapLists.copyOf(word(WORD.gaps)),
      };
    },

    free: (id) => {
      const { words, at } = arena.place(id);
      arena.free(id, wordsOf(words[at + WORD.shape] as number));
    },

    addGap: (id, gap) => {
      const { words, at } = arena.place(id);
      words[at + WORD.gaps] = gapLists.with(words[at + WORD.gaps] as number, gap);
    },

    generationOf: (id) => wordOf(id, WORD.generation),
    viaOf: (id) => viaIn(wordOf(id, WORD.marks)),
    stateOf: (id) => stateIn(wordOf(id, WORD.marks)),
    retransmitsOf: (id) => wordOf(id, WORD.retransmits),
    closedAtOf: (id) => {
      const { doubles, at } = arena.place(id);
      return traceNs(doubles[(at >>> 1) + DOUBLE.closedAt] as number);
    },
    heldBytesOf: (id) => {
      const { words, at } = arena.place(id);
      const shape = words[at + WORD.shape] as number;
      const announce = at + HEAD_WORDS + movesOf(shape) * MOVE_WORDS;
      return packedHeldBytes(words, latestWordsOf(shape) === 0 ? announce : announce + announceWordsOf(shape));
    },
  };
};

/** Whether all there is to a sock has a place in a block. */
const fits = (sock: Sock): boolean =>
  sock.destroyedAt === null &&
  !sock.lingering &&
  sock.resets.length === 0 &&
  sock.pressure === null &&
  sock.moves.length <= MOST_MOVES;

const viaIn = (marks: number): number => marks & 0xf;
const stateIn = (marks: number): number => (marks >>> 8) & 0xff;
const movesOf = (shape: number): number => shape & 0xff;
const announceWordsOf = (shape: number): number => (shape >>> 8) & 0xff;
const latestWordsOf = (shape: number): number => shape >>> 16;
const wordsOf = (shape: number): number =>
  HEAD_WORDS + movesOf(shape) * MOVE_WORDS + announceWordsOf(shape) + latestWordsOf(shape);

const textOf = (words: Uint32Array, from: number, to: number): string =>
  Buffer.from(words.buffer, 4 * from, 4 * (to - from)).toString('latin1');
