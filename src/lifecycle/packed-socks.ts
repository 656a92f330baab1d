import { type SkAddr, type TraceNs, traceNs } from '../kernel/units.ts';
import { NOT_FOLLOWED } from '../wire/evidence.ts';
import { halfOf, hexWordAt } from '../wire/layout.ts';
import { createGapLists } from './gap-lists.ts';
import { PackedBlocks } from './packed-blocks.ts';
import { MOST_TOLD_WORDS, PackedLines } from './packed-lines.ts';
import { COUNTS, MARKS, MOVE, part, partOf } from './packed-parts.ts';
import type { Acked, Progress } from './progress.ts';
import { type Gap, NONE, type ObservedMove, type Sock } from './sock.ts';

/** The number of a packed sock. */
export type PackedId = number;

/**
 * Socks that nothing was heard of for a while, in some 150 bytes each that the garbage collector does not look into.
 */
export type PackedSocks = {
  /** @returns null for a sock that does not fit: it stays an object */
  readonly pack: (sock: Sock) => PackedId | null;
  /** The sock as it was packed: a copy. */
  readonly read: (id: PackedId, sk: SkAddr) => Sock;
  /**
   * Gives the same copy, and frees the block. The announcement's block stays until the sock is packed again or
   * forgotten.
   */
  readonly unpack: (id: PackedId, sk: SkAddr) => Sock;
  /** This unpacked sock will not be packed again. */
  readonly forget: (sock: Sock) => void;
  /** Frees its blocks. */
  readonly free: (id: PackedId) => void;
  readonly addGap: (id: PackedId, gap: Gap) => void;
  /** Sets `mayLack`. */
  readonly doubt: (id: PackedId) => void;
  /** Single facts of a packed sock, without a copy of it. */
  readonly generationOf: (id: PackedId) => number;
  readonly viaOf: (id: PackedId) => number;
  readonly stateOf: (id: PackedId) => number;
  readonly retransmitsOf: (id: PackedId) => number;
  readonly mayLackOf: (id: PackedId) => boolean;
  /** Time of its newest line that brought evidence: of its announcement, if none has come since. */
  readonly heardAtOf: (id: PackedId) => TraceNs;
  readonly closedAtOf: (id: PackedId) => TraceNs;
  /** `heldBytes` of its newest evidence. */
  readonly heldBytesOf: (id: PackedId) => number;
};

/** Doubles of a block. Any others come after its words. */
const DOUBLE = { announcedAt: 0, closedAt: 1 } as const;
/** Words of a block; a double counts as two. `shape` tells what follows: doubles, moves, evidence. */
const WORD = { generation: 4, lines: 5, counts: 6, marks: 7, shape: 8, announce: 9 } as const;
const HEAD_WORDS = 10;
export const MOST_MOVES = 7;
const MOST_RETRANSMITS = COUNTS.retransmits.mask;

/** The place of a time, or of the newest evidence. */
const TOLD = { none: 0, asBefore: 1, here: 2 } as const;
/**
 * Places in `shape`: orphanAt (as closedAt), firstRetransmitAt, latestAt (as announcedAt), latest (as the announcement),
 * progress.
 */
const SHAPE = { moves: 0, orphanAt: 4, firstRetransmitAt: 6, latestAt: 8, latest: 10, progress: 12 } as const;
/** Few socks have progress: its six times follow the others, its three sequence numbers follow the moves. */
const PROGRESS = { times: 6, numbers: 3 } as const;

/** The low half of an L line's `closeBits`; an A line has nothing there. */
const DEFERRED_BITS = 2 * hexWordAt('deferred', 'closeBits') + 1;

/** A line on its way into a block. */
const scratch = new Uint32Array(MOST_TOLD_WORDS.announce + MOST_TOLD_WORDS.evidence);

export const createPackedSocks = (): PackedSocks => {
  const blocks = new PackedBlocks();
  const packedLines = new PackedLines();
  const gapLists = createGapLists();
  /** Blocks of the announcements of socks that are objects and may be packed again. */
  const announces = new Map<Sock, number>();
  const wordOf = (id: PackedId, index: number): number => {
    const { words, at } = blocks.place(id);
    return words[at + index] as number;
  };
  const doubleOf = (id: PackedId, index: number): TraceNs => {
    const { doubles, at } = blocks.place(id);
    return traceNs(doubles[(at >>> 1) + index] as number);
  };

  const packAnnounce = (line: string): number => {
    const count = packedLines.tellAnnounce(line, scratch, 0);
    const block = blocks.take(count);
    const { words, at } = blocks.place(block);
    for (let i = 0; i < count; i++) words[at + i] = scratch[i] as number;
    return block;
  };

  const freeAnnounce = (block: number): void => {
    const { words, at } = blocks.place(block);
    blocks.free(block, packedLines.announceWords(words, at));
  };

  /** Words of the block at `at`, its evidence included. */
  const wordsOf = (words: Uint32Array, at: number): number => {
    const shape = words[at + WORD.shape] as number;
    const evidence = latestAt(shape);
    return evidence + (told(shape, SHAPE.latest) === TOLD.here ? packedLines.evidenceWords(words, at + evidence) : 0);
  };

  const freeHead = (id: PackedId): void => {
    const { words, at } = blocks.place(id);
    blocks.free(id, wordsOf(words, at));
  };

  const read = (id: PackedId, sk: SkAddr): Sock => {
    const { words, doubles, at } = blocks.place(id);
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
    const times = double;
    if (hasProgress(shape)) double += PROGRESS.times;
    const count = movesOf(shape);
    const moves: ObservedMove[] = count === 0 ? NONE : new Array<ObservedMove>(count);
    const packedMoves = 2 * (double + count);
    for (let i = 0; i < count; i++) {
      const packed = words[packedMoves + i] as number;
      const moveAt = traceNs(doubles[double + i] as number);
      const [from, to] = [partOf(packed, MOVE.from), partOf(packed, MOVE.to)];
      moves[i] = { at: moveAt, from, to, own: partOf(packed, MOVE.own) === 1 };
    }
    const progress = hasProgress(shape) ? readProgress(doubles, times, words, packedMoves + count) : null;
    const announce = blocks.place(word(WORD.announce));
    packedLines.open(announce.words, announce.at);
    const line = packedLines.announceText();
    const latest = told(shape, SHAPE.latest);
    return {
      sk,
      generation: word(WORD.generation),
      announce: {
        kind: 'announce',
        at: announcedAt,
        sk,
        via: partOf(marks, MARKS.via),
        flags: packedLines.half(FLAGS),
        context: packedLines.half(CONTEXT),
        movedTo: partOf(marks, MARKS.movedTo),
        closedAt,
        retransmits: 0,
        isFollowed: (packedLines.half(DEFERRED_BITS) & NOT_FOLLOWED) === 0,
        sample: 0,
        line,
      },
      announcedAt,
      closedAt,
      orphanAt,
      entered: partOf(marks, MARKS.entered) === 1,
      lingering: false,
      state: partOf(marks, MARKS.state),
      moves,
      latest:
        latest === TOLD.none
          ? null
          : latest === TOLD.asBefore
            ? line
            : packedLines.evidenceText(words, at + latestAt(shape)),
      latestAt: latestSeenAt,
      progress,
      retransmits: partOf(word(WORD.counts), COUNTS.retransmits),
      firstRetransmitAt,
      resets: NONE,
      lines: word(WORD.lines),
      printed: -1,
      pressure: null,
      destroyedAt: null,
      cookie: null,
      destroyErr: 0,
      destroyContext: 0,
      gaps: gapLists.copyOf(partOf(word(WORD.counts), COUNTS.gaps)),
      mayLack: partOf(marks, MARKS.mayLack) === 1,
      hasOpenEnd: false,
    };
  };

  return {
    pack: (sock) => {
      const gaps = gapLists.numberOf(sock.gaps);
      if (gaps === null || !fits(sock)) return null;
      const { announce, latest, moves, closedAt, announcedAt, progress } = sock;
      const announceBlock = announces.get(sock) ?? packAnnounce(announce.line);
      announces.delete(sock);
      const orphanAt = toldBy(sock.orphanAt, closedAt);
      const firstRetransmitAt = toldBy(sock.firstRetransmitAt, null);
      const latestSeenAt = toldBy(sock.latestAt, announcedAt);
      const evidence = latest === null ? TOLD.none : latest === announce.line ? TOLD.asBefore : TOLD.here;
      let evidenceWords = 0;
      if (latest !== null && evidence === TOLD.here) {
        const { words, at } = blocks.place(announceBlock);
        packedLines.open(words, at);
        evidenceWords = packedLines.tellEvidence(latest, scratch, 0);
      }
      const shape =
        (moves.length << SHAPE.moves) |
        (orphanAt << SHAPE.orphanAt) |
        (firstRetransmitAt << SHAPE.firstRetransmitAt) |
        (latestSeenAt << SHAPE.latestAt) |
        (evidence << SHAPE.latest) |
        ((progress === null ? TOLD.none : TOLD.here) << SHAPE.progress);
      const id = blocks.take(latestAt(shape) + evidenceWords);
      const { words, doubles, at } = blocks.place(id);
      doubles[(at >>> 1) + DOUBLE.announcedAt] = announcedAt;
      doubles[(at >>> 1) + DOUBLE.closedAt] = closedAt;
      words[at + WORD.generation] = sock.generation;
      words[at + WORD.lines] = sock.lines;
      words[at + WORD.counts] = part(gaps, COUNTS.gaps) | part(sock.retransmits, COUNTS.retransmits);
      words[at + WORD.marks] =
        part(announce.via, MARKS.via) |
        part(announce.movedTo, MARKS.movedTo) |
        part(sock.state, MARKS.state) |
        part(sock.entered ? 1 : 0, MARKS.entered) |
        part(sock.mayLack ? 1 : 0, MARKS.mayLack);
      words[at + WORD.shape] = shape;
      words[at + WORD.announce] = announceBlock;
      let double = (at + HEAD_WORDS) >>> 1;
      if (orphanAt === TOLD.here) doubles[double++] = sock.orphanAt ?? 0;
      if (firstRetransmitAt === TOLD.here) doubles[double++] = sock.firstRetransmitAt ?? 0;
      if (latestSeenAt === TOLD.here) doubles[double++] = sock.latestAt ?? 0;
      if (progress !== null) {
        for (const time of timesOf(progress)) doubles[double++] = time;
      }
      const packedMoves = 2 * (double + moves.length);
      for (let i = 0; i < moves.length; i++) {
        const move = moves[i] as ObservedMove;
        doubles[double + i] = move.at;
        words[packedMoves + i] = part(move.from, MOVE.from) | part(move.to, MOVE.to) | part(move.own ? 1 : 0, MOVE.own);
      }
      let end = packedMoves + moves.length;
      if (progress !== null) {
        for (const una of numbersOf(progress)) words[end++] = una;
      }
      for (let i = 0; i < evidenceWords; i++) words[end + i] = scratch[i] as number;
      return id;
    },

    read,

    unpack: (id, sk) => {
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
      const { words, at } = blocks.place(id);
      const counts = words[at + WORD.counts] as number;
      const gaps = gapLists.with(partOf(counts, COUNTS.gaps), gap);
      words[at + WORD.counts] = part(gaps, COUNTS.gaps) | part(partOf(counts, COUNTS.retransmits), COUNTS.retransmits);
    },

    doubt: (id) => {
      const { words, at } = blocks.place(id);
      words[at + WORD.marks] = (words[at + WORD.marks] as number) | part(1, MARKS.mayLack);
    },

    generationOf: (id) => wordOf(id, WORD.generation),
    viaOf: (id) => partOf(wordOf(id, WORD.marks), MARKS.via),
    stateOf: (id) => partOf(wordOf(id, WORD.marks), MARKS.state),
    retransmitsOf: (id) => partOf(wordOf(id, WORD.counts), COUNTS.retransmits),
    mayLackOf: (id) => partOf(wordOf(id, WORD.marks), MARKS.mayLack) === 1,
    heardAtOf: (id) => {
      const shape = wordOf(id, WORD.shape);
      if (told(shape, SHAPE.latestAt) !== TOLD.here) return doubleOf(id, DOUBLE.announcedAt);
      const before = isHere(shape, SHAPE.orphanAt) + isHere(shape, SHAPE.firstRetransmitAt);
      return doubleOf(id, HEAD_WORDS / 2 + before);
    },
    closedAtOf: (id) => doubleOf(id, DOUBLE.closedAt),
    heldBytesOf: (id) => {
      const { words, at } = blocks.place(id);
      const shape = words[at + WORD.shape] as number;
      const evidence = told(shape, SHAPE.latest) === TOLD.here ? at + latestAt(shape) : null;
      const announce = blocks.place(words[at + WORD.announce] as number);
      const half = (i: number): number =>
        (evidence === null ? null : packedLines.evidenceHalf(words, evidence, i)) ??
        packedLines.announceHalf(announce.words, announce.at, i);
      return half(HELD.wmemQueued) + half(HELD.rmemAlloc) + Math.max(0, half(HELD.forwardAlloc) | 0);
    },
  };
};

/** Halves of the evidence that `heldBytes` reads. */
const HELD = {
  wmemQueued: halfOf('deferred', 'wmemQueued'),
  rmemAlloc: halfOf('deferred', 'rmemAlloc'),
  forwardAlloc: halfOf('deferred', 'forwardAlloc'),
} as const;
const FLAGS = halfOf('deferred', 'flags');
const CONTEXT = halfOf('deferred', 'context');

/** True if a block has a place for all of the sock. */
const fits = (sock: Sock): boolean =>
  sock.destroyedAt === null &&
  !sock.lingering &&
  sock.resets.length === 0 &&
  sock.pressure === null &&
  sock.retransmits <= MOST_RETRANSMITS &&
  sock.moves.length <= MOST_MOVES;

const toldBy = (time: TraceNs | null, before: TraceNs | null): number =>
  time === null ? TOLD.none : time === before ? TOLD.asBefore : TOLD.here;

const movesOf = (shape: number): number => shape & 0xf;
const told = (shape: number, place: number): number => (shape >>> place) & 3;
/** The place of the newest evidence in a block: behind the times and the moves. */
const latestAt = (shape: number): number =>
  HEAD_WORDS +
  2 * (isHere(shape, SHAPE.orphanAt) + isHere(shape, SHAPE.firstRetransmitAt) + isHere(shape, SHAPE.latestAt)) +
  3 * movesOf(shape) +
  (hasProgress(shape) ? 2 * PROGRESS.times + PROGRESS.numbers : 0);
const isHere = (shape: number, place: number): number => (told(shape, place) === TOLD.here ? 1 : 0);
const hasProgress = (shape: number): boolean => isHere(shape, SHAPE.progress) === 1;

const timesOf = ({ since, first, from, mid, to, gap }: Progress): readonly number[] => [
  since,
  from.at,
  mid.at,
  to.at,
  first,
  gap,
];
const numbersOf = ({ from, mid, to }: Progress): readonly number[] => [from.una, mid.una, to.una];

const readProgress = (doubles: Float64Array, times: number, words: Uint32Array, numbers: number): Progress => {
  const acked = (i: number): Acked => ({
    at: traceNs(doubles[times + 1 + i] as number),
    una: words[numbers + i] as number,
  });
  const since = traceNs(doubles[times] as number);
  const first = traceNs(doubles[times + 4] as number);
  return { since, first, from: acked(0), mid: acked(1), to: acked(2), gap: doubles[times + 5] as number };
};
