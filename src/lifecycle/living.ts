import type { SkAddr, TraceNs } from '../kernel/units.ts';
import { BOUNDS } from '../wire/bounds.ts';
import { packedText } from '../wire/packed.ts';
import { createPackedSocks, MOST_MOVES, type PackedId } from './packed-socks.ts';
import { addGap, type Gap, NONE, type Sock } from './sock.ts';
import { createSockView, type SockView } from './sock-view.ts';

/** Objects, ended ones among them, before the ended ones are removed. A flood may lose the ticks that do it. */
const FEW_OBJECTS = 256;
/** With half as many alive a flood is taken to be one of orphans: they are packed before the next tick. */
const MOST_OBJECTS = 1024;

/**
 * Every sock announced and not finished. A sock is an object if something was heard of it since the last tick, else
 * packed.
 */
export type Living = {
  readonly add: (sock: Sock) => void;
  /** Removes a sock, unless its address belongs to another by now. */
  readonly remove: (sock: Sock) => void;
  /** The sock at an address, to be changed. A packed one is unpacked. */
  readonly unpack: (sk: SkAddr) => Sock | undefined;
  /** The sock at an address, to be read. A packed one is copied. */
  readonly peek: (sk: SkAddr) => Sock | undefined;
  readonly count: () => number;
  /** All socks, to be read, in the order of their announcements. Packed ones are copied. */
  readonly every: () => Generator<Sock>;
  /** Iterates without copying: yields the same object each time, refilled. */
  readonly views: () => Generator<SockView>;
  /** Marks one sock as perhaps not wholly observed. */
  readonly doubt: (sk: SkAddr) => void;
  /** Marks every sock. */
  readonly addGap: (gap: Gap) => void;
  /**
   * Events were lost at `at`, no earlier than any loss before: every sock that lives then may miss some. This costs
   * nothing: a sock is marked when it is next taken or read, and no event changes it before.
   */
  readonly lose: (at: TraceNs) => void;
  /** Packs the socks that live on. */
  readonly pack: () => void;
  /** Bounds the objects where no tick comes. Nobody may hold a sock that `unpack` gave. */
  readonly keepFew: () => void;
};

/** @param onStrip - there are too many objects: something of a sock was dropped, so that it can be packed */
export const createLiving = (onStrip: () => void): Living => {
  // A Map keeps the place of a key whose value is replaced: a sock that is packed and unpacked keeps its place.
  const socks = new Map<SkAddr, Sock | PackedId>();
  const packed = createPackedSocks();
  /**
   * Those of `socks` that are objects and may be packed at the next tick, and some that have ended since the last tick.
   */
  let objects: Sock[] = [];
  /** Objects that did not fit into the packed form, as they were when that was tried. */
  let unfit: Sock[] = [];
  /** Events since that was tried with all of `unfit`. */
  let events = 0;
  let mostObjects = FEW_OBJECTS;
  let lostAt = Number.NEGATIVE_INFINITY;

  /** A sock that lives now has lived through every loss since its announcement. */
  const marked = (sock: Sock): Sock => {
    if (sock.announcedAt <= lostAt && sock.destroyedAt === null) addGap(sock, 'events_lost');
    return sock;
  };
  const read = (found: Sock | PackedId, sk: SkAddr): Sock =>
    marked(typeof found === 'number' ? packed.read(found, sk) : found);

  const keep = (kept: Sock[]): void => {
    objects = kept;
    mostObjects = Math.max(FEW_OBJECTS, 2 * kept.length);
  };

  /** @returns true if it is an object that lives on */
  const isUnfit = (sock: Sock, isFull: boolean): boolean => {
    if (sock.destroyedAt !== null || socks.get(sock.sk) !== sock) return false;
    let id = packed.pack(sock);
    if (id === null && isFull) {
      strip(sock);
      onStrip();
      id = packed.pack(sock);
    }
    if (id !== null) {
      socks.set(sock.sk, id);
      return false;
    }
    // A slice of a chunk would keep the whole chunk alive.
    const line = packedText(sock.announce.line);
    if (line !== sock.announce.line) sock.announce = { ...sock.announce, line };
    if (sock.latest !== null) sock.latest = packedText(sock.latest);
    return true;
  };

  const pack = (): void => {
    // This runs only after as many events as there are of them: then a tick costs no more than the events since the
    // last one.
    if (events >= unfit.length) {
      events = 0;
      unfit = unfit.filter((sock) => isUnfit(sock, false));
    }
    for (const sock of objects) if (isUnfit(sock, unfit.length >= BOUNDS.unpacked)) unfit.push(sock);
    keep([]);
  };

  return {
    add: (sock) => {
      const before = socks.get(sock.sk);
      if (typeof before === 'number') packed.free(before);
      else if (before !== undefined) packed.forget(before);
      socks.set(sock.sk, sock);
      objects.push(sock);
    },
    remove: (sock) => {
      if (socks.get(sock.sk) === sock) socks.delete(sock.sk);
      packed.forget(sock);
    },
    unpack: (sk) => {
      const found = socks.get(sk);
      if (found === undefined) return undefined;
      if (typeof found !== 'number') return marked(found);
      const sock = packed.unpack(found, sk);
      socks.set(sk, sock);
      objects.push(sock);
      return marked(sock);
    },
    peek: (sk) => {
      const found = socks.get(sk);
      return found === undefined ? undefined : read(found, sk);
    },
    count: () => socks.size,
    *every() {
      for (const [sk, found] of socks) yield read(found, sk);
    },
    *views() {
      const view = createSockView(packed, read);
      for (const [sk, found] of socks) yield view.at(sk, found);
    },
    doubt: (sk) => {
      const found = socks.get(sk);
      if (typeof found === 'number') packed.addGap(found, 'events_lost');
      else if (found !== undefined) addGap(found, 'events_lost');
    },
    addGap: (gap) => {
      for (const found of socks.values()) {
        if (typeof found !== 'number') {
          addGap(marked(found), gap);
          continue;
        }
        if (packed.announcedAtOf(found) <= lostAt) packed.addGap(found, 'events_lost');
        packed.addGap(found, gap);
      }
    },
    lose: (at) => {
      lostAt = at;
    },
    pack,
    keepFew: () => {
      events++;
      if (objects.length <= mostObjects) return;
      keep(objects.filter((sock) => sock.destroyedAt === null));
      if (mostObjects > MOST_OBJECTS) pack();
    },
  };
};

/** Drops the parts of a sock that keep it from being packed. A lingering close keeps its end, and stays an object. */
const strip = (sock: Sock): void => {
  addGap(sock, 'events_lost');
  sock.resets = NONE;
  sock.pressure = null;
  if (sock.moves.length > MOST_MOVES) sock.moves = [...sock.moves.slice(0, 3), ...sock.moves.slice(3 - MOST_MOVES)];
};
