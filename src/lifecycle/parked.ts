import { type SkAddr, type TraceNs, traceNs } from '../kernel/units.ts';
import { NOT_FOLLOWED } from '../wire/evidence.ts';
import { Alike, MOST_TOLD_WORDS } from './alike.ts';
import { Arena } from './arena.ts';
import { createGapLists } from './gap-lists.ts';
import { type Gap, NONE, type ObservedMove, type Sock } from './sock.ts';

/** The number a parked sock goes by. */
export type ParkedId = number;

/** Socks of which nothing was heard for a while, each in some 150 bytes that the garbage collector does not look into. */
export type Parked = {
  /** @returns null for a sock that has more to it than fits: it stays an object */
  readonly park: (sock: Sock) => ParkedId | null;
  /** The sock as it was parked; a copy of its own. */
  readonly read: (id: ParkedId, sk: SkAddr) => Sock;
  /** The same, and what it takes is for others from now on: but for its announcement, which stays till it is parked again. */
  readonly wake: (id: ParkedId, sk: SkAddr) => Sock;
  /** One that woke will not be parked again. */
  readonly forget: (sock: Sock) => void;
  /** Its bytes are for others from now on. */
  readonly free: (id: ParkedId) => void;
  readonly addGap: (id: ParkedId, gap: Gap) => void;
  /** Single things of a parked sock, without a copy of it. */
  readonly generationOf: (id: ParkedId) => number;
  readonly viaOf: (id: ParkedId) => number;
  readonly stateOf: (id: ParkedId) => number;
  readonly retransmitsOf: (id: ParkedId) => number;
  readonly announcedAtOf: (id: ParkedId) => TraceNs;
  readonly closedAtOf: (id: ParkedId) => TraceNs;
  /** `heldBytes` of its newest evidence. */
  readonly heldBytesOf: (id: ParkedId) => number;
};

/** Doubles of a block; the others, where there are any, come after its words. */
const DOUBLE = { announcedAt: 0, closedAt: 1 } as const;
/** Words of a block, the doubles counted as two. `shape` tells what follows: doubles, moves, evidence. */
const WORD = { generation: 4, lines: 5, counts: 6, marks: 7, shape: 8, announce: 9 } as const;
const HEAD_WORDS = 10;
export const MOST_MOVES = 7;
/** `counts`: the list of gaps below, retransmissions above. */
const MOST_RETRANSMITS = 0xffff;

/** Where a time, or the newest evidence, is to be found. */
const TOLD = { none: 0, asBefore: 1, here: 2 } as const;
/** Places in `shape`: orphanAt (as closedAt), firstRetransmitAt, latestAt (as announcedAt), latest (as the announcement). */
const SHAPE = { moves: 0, orphanAt: 4, firstRetransmitAt: 6, latestAt: 8, latest: 10 } as const;

/** The half of an announcement that has the bits of an `L` line; of an `A` line it is 0. */
const LATE_BITS = 63;

/** A line on its way into a block. */
const scratch = new Uint32Array(MOST_TOLD_WORDS.announce + MOST_TOLD_WORDS.evidence);

export const createParked = (): Parked => {
  const arena = new Arena();
  const alike = new Alike();
  const gapLists = createGapLists();
  /** Announcements, by their blocks, of socks that are objects and may be parked again. */
  const announces = new Map<Sock, number>();
  const wordOf = (id: ParkedId, index: number): number => {
    const { words, at } = arena.place(id);
    return words[at + index] as number;
  };
  const doubleOf = (id: ParkedId, index: number): TraceNs => {
    const { doubles, at } = arena.place(id);
    return traceNs(doubles[(at >>> 1) + index] as number);
  };

  const parkAnnounce = (line: string): number => {
    const count = alike.tellAnnounce(line, scratch, 0);
    const block = arena.take(count);
    const { words, at } = arena.place(block);
    for (let i = 0; i < count; i++) words[at + i] = scratch[i] as number;
    return block;
  };

  const freeAnnounce = (block: number): void => {
    const { words, at } = arena.place(block);
    arena.free(block, alike.announceWords(words, at));
  };

  /** Words of the block at `at`, its evidence included. */
  const wordsOf = (words: Uint32Array, at: number): number => {
    const shape = words[at + WORD.shape] as number;
    const evidence = latestAt(shape);
    return evidence + (told(shape, SHAPE.latest) === TOLD.here ? alike.evidenceWords(words, at + evidence) : 0);
  };

  const freeHead = (id: ParkedId): void => {
    const { words, at } = arena.place(id);
    arena.free(id, wordsOf(words, at));
  };

  const read = (id: ParkedId, sk: SkAddr): Sock => {
    const { words, doubles, at } = arena.place(id);
    const word = (index: number): number => words[at + index] as number;
    const marks = word(WORD.marks);
    const shape = word(WORD.shape);
    const announcedAt = traceNs(doubles[(at >>> 1) + DOUBLE.announcedAt] as number);
    const closedAt = traceNs(doubles[(at >>> 1) + DOUBLE.closedAt] as number);
    let double = (at + HEAD_WORDS) >>> 1;
    const time = (place: number, before: TraceNs): TraceNs | null => {
      const where = told(shape, place);
      if (where === TOLD.here) return traceNs(doubles[double++] as number);
      return where === TOLD.asBefore ? before : null;
    };
    const orphanAt = time(SHAPE.orphanAt, closedAt);
    const firstRetransmitAt = time(SHAPE.firstRetransmitAt, closedAt);
    const latestSeenAt = time(SHAPE.latestAt, announcedAt);
    const count = movesOf(shape);
    const moves: ObservedMove[] = count === 0 ? NONE : new Array<ObservedMove>(count);
    const packedMoves = 2 * (double + count);
    for (let i = 0; i < count; i++) {
      const packed = words[packedMoves + i] as number;
      const moveAt = traceNs(doubles[double + i] as number);
      moves[i] = { at: moveAt, from: packed & 0xff, to: (packed >>> 8) & 0xff, own: packed >>> 16 === 1 };
    }
    const announce = arena.place(word(WORD.announce));
    alike.open(announce.words, announce.at);
    const line = alike.announceText();
    const latest = told(shape, SHAPE.latest);
    return {
      sk,
      generation: word(WORD.generation),
      announce: {
        kind: 'announce',
        at: announcedAt,
        sk,
        via: viaIn(marks),
        flags: alike.half(0),
        context: alike.half(1),
        movedTo: (marks >>> 4) & 0xf,
        closedAt,
        retransmits: 0,
        isFollowed: (alike.half(LATE_BITS) & NOT_FOLLOWED) === 0,
        line,
      },
      announcedAt,
      closedAt,
      orphanAt,
      entered: marks >>> 16 === 1,
      lingering: false,
      state: stateIn(marks),
      moves,
      latest:
        latest === TOLD.none ? null : latest === TOLD.asBefore ? line : alike.evidenceText(words, at + latestAt(shape)),
      latestAt: latestSeenAt,
      retransmits: word(WORD.counts) >>> 16,
      firstRetransmitAt,
      resets: NONE,
      lines: word(WORD.lines),
      printed: -1,
      pressure: null,
      destroyedAt: null,
      cookie: null,
      destroyErr: 0,
      gaps: gapLists.copyOf(word(WORD.counts) & 0xffff),
    };
  };

  return {
    park: (sock) => {
      const gaps = gapLists.numberOf(sock.gaps);
      if (gaps === null || !fits(sock)) return null;
      const { announce, latest, moves, closedAt, announcedAt } = sock;
      const announceBlock = announces.get(sock) ?? parkAnnounce(announce.line);
      announces.delete(sock);
      const orphanAt = toldBy(sock.orphanAt, closedAt);
      const firstRetransmitAt = toldBy(sock.firstRetransmitAt, null);
      const latestSeenAt = toldBy(sock.latestAt, announcedAt);
      const evidence = latest === null ? TOLD.none : latest === announce.line ? TOLD.asBefore : TOLD.here;
      let evidenceWords = 0;
      if (latest !== null && evidence === TOLD.here) {
        const { words, at } = arena.place(announceBlock);
        alike.open(words, at);
        evidenceWords = alike.tellEvidence(latest, scratch, 0);
      }
      const shape =
        (moves.length << SHAPE.moves) |
        (orphanAt << SHAPE.orphanAt) |
        (firstRetransmitAt << SHAPE.firstRetransmitAt) |
        (latestSeenAt << SHAPE.latestAt) |
        (evidence << SHAPE.latest);
      const id = arena.take(latestAt(shape) + evidenceWords);
      const { words, doubles, at } = arena.place(id);
      doubles[(at >>> 1) + DOUBLE.announcedAt] = announcedAt;
      doubles[(at >>> 1) + DOUBLE.closedAt] = closedAt;
      words[at + WORD.generation] = sock.generation;
      words[at + WORD.lines] = sock.lines;
      words[at + WORD.counts] = gaps | (sock.retransmits << 16);
      words[at + WORD.marks] =
        announce.via | (announce.movedTo << 4) | (sock.state << 8) | (sock.entered ? 1 << 16 : 0);
      words[at + WORD.shape] = shape;
      words[at + WORD.announce] = announceBlock;
      let double = (at + HEAD_WORDS) >>> 1;
      if (orphanAt === TOLD.here) doubles[double++] = sock.orphanAt ?? 0;
      if (firstRetransmitAt === TOLD.here) doubles[double++] = sock.firstRetransmitAt ?? 0;
      if (latestSeenAt === TOLD.here) doubles[double++] = sock.latestAt ?? 0;
      const packedMoves = 2 * (double + moves.length);
      for (let i = 0; i < moves.length; i++) {
        const move = moves[i] as ObservedMove;
        doubles[double + i] = move.at;
        words[packedMoves + i] = move.from | (move.to << 8) | (move.own ? 1 << 16 : 0);
      }
      const end = packedMoves + moves.length;
      for (let i = 0; i < evidenceWords; i++) words[end + i] = scratch[i] as number;
      return id;
    },

    read,

    wake: (id, sk) => {
      const sock = read(id, sk);
      announces.set(sock, wordOf(id, WORD.announce));
      freeHead(id);
      return sock;
    },

    forget: (sock) => {
      const block = announces.get(sock);
      if (block === undefined) return;
      announces.delete(sock);
      freeAnnounce(block);
    },

    free: (id) => {
      freeAnnounce(wordOf(id, WORD.announce));
      freeHead(id);
    },

    addGap: (id, gap) => {
      const { words, at } = arena.place(id);
      const counts = words[at + WORD.counts] as number;
      words[at + WORD.counts] = (counts & 0xffff0000) | gapLists.with(counts & 0xffff, gap);
    },

    generationOf: (id) => wordOf(id, WORD.generation),
    viaOf: (id) => viaIn(wordOf(id, WORD.marks)),
    stateOf: (id) => stateIn(wordOf(id, WORD.marks)),
    retransmitsOf: (id) => wordOf(id, WORD.counts) >>> 16,
    announcedAtOf: (id) => doubleOf(id, DOUBLE.announcedAt),
    closedAtOf: (id) => doubleOf(id, DOUBLE.closedAt),
    heldBytesOf: (id) => {
      const { words, at } = arena.place(id);
      const shape = words[at + WORD.shape] as number;
      const evidence = told(shape, SHAPE.latest) === TOLD.here ? at + latestAt(shape) : null;
      const announce = arena.place(words[at + WORD.announce] as number);
      const half = (i: number): number =>
        (evidence === null ? null : alike.evidenceHalf(words, evidence, i)) ??
        alike.announceHalf(announce.words, announce.at, i);
      return half(HELD.wmemQueued) + half(HELD.rmemAlloc) + Math.max(0, half(HELD.forwardAlloc) | 0);
    },
  };
};

/** Halves of the evidence that `heldBytes` is about. */
const HELD = { wmemQueued: 12, rmemAlloc: 13, forwardAlloc: 14 } as const;

/** Whether all there is to a sock has a place in a block. */
const fits = (sock: Sock): boolean =>
  sock.destroyedAt === null &&
  !sock.lingering &&
  sock.resets.length === 0 &&
  sock.pressure === null &&
  sock.retransmits <= MOST_RETRANSMITS &&
  sock.moves.length <= MOST_MOVES;

const toldBy = (time: TraceNs | null, before: TraceNs | null): number =>
  time === null ? TOLD.none : time === before ? TOLD.asBefore : TOLD.here;

const viaIn = (marks: number): number => marks & 0xf;
const stateIn = (marks: number): number => (marks >>> 8) & 0xff;
const movesOf = (shape: number): number => shape & 0xf;
const told = (shape: number, place: number): number => (shape >>> place) & 3;
/** Where in a block the newest evidence stands: behind the times and the moves. */
const latestAt = (shape: number): number =>
  HEAD_WORDS +
  2 * (isHere(shape, SHAPE.orphanAt) + isHere(shape, SHAPE.firstRetransmitAt) + isHere(shape, SHAPE.latestAt)) +
  3 * movesOf(shape);
const isHere = (shape: number, place: number): number => (told(shape, place) === TOLD.here ? 1 : 0);
