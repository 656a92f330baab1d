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
  /** The sock at an address, to be read. One that is packed, or may lack an event, is copied. */
  readonly peek: (sk: SkAddr) => Sock | undefined;
  readonly count: () => number;
  /** All socks, to be read as by `peek`, in the order of their announcements. */
  readonly every: () => Generator<Sock>;
  /** Iterates without copying: yields the same object each time, refilled. */
  readonly views: () => Generator<SockView>;
  /** An event of this sock may have been lost. */
  readonly doubt: (sk: SkAddr) => void;
  /** Marks every sock: no more events come. */
  readonly addGap: (gap: Gap) => void;
  /** True if events were lost while a sock lived, and nothing has shown since that none was its own. */
  readonly mayLack: (sock: Sock) => boolean;
  /** Packs the socks that live on. */
  readonly pack: () => void;
  /** Bounds the objects where no tick comes. Nobody may hold a sock that `unpack` gave. */
  readonly keepFew: () => void;
};

/**
 * @param lostAt - time of the newest loss. All that lived then may lack an event. A loss costs nothing: no sock is
 *   marked. Each is asked if its newest line is older, when it is read and when its next line comes
 * @param onStrip - there are too many objects: something of a sock was dropped, so that it can be packed
 */
export const createLiving = (lostAt: () => TraceNs, onStrip: () => void): Living => {
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

  const mayLack = (sock: Sock): boolean => sock.mayLack || (sock.latestAt ?? sock.announcedAt) <= lostAt();
  const read = (found: Sock | PackedId, sk: SkAddr): Sock => {
    const sock = typeof found === 'number' ? packed.read(found, sk) : found;
    if (sock.destroyedAt !== null || !mayLack(sock)) return sock;
    // The sock itself has no such gap: its next line, or its destroy, may show that it lacks nothing.
    return { ...sock, gaps: new Set<Gap>([...sock.gaps, 'events_lost']) };
  };

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
      if (typeof found !== 'number') return found;
      const sock = packed.unpack(found, sk);
      socks.set(sk, sock);
      objects.push(sock);
      return sock;
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
      if (typeof found === 'number') packed.doubt(found);
      else if (found !== undefined) found.mayLack = true;
    },
    mayLack,
    addGap: (gap) => {
      for (const found of socks.values()) {
        if (typeof found !== 'number') {
          if (found.destroyedAt === null && mayLack(found)) addGap(found, 'events_lost');
          addGap(found, gap);
          continue;
        }
        if (packed.mayLackOf(found) || packed.heardAtOf(found) <= lostAt()) packed.addGap(found, 'events_lost');
        packed.addGap(found, gap);
      }
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
