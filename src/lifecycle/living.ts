import type { SkAddr, TraceNs } from '../kernel/units.ts';
import { BOUNDS } from '../wire/bounds.ts';
import { packedText } from '../wire/packed.ts';
import { createGlimpse, type Glimpse } from './glimpse.ts';
import { createParked, MOST_MOVES, type ParkedId } from './parked.ts';
import { addGap, type Gap, NONE, type Sock } from './sock.ts';

/** Objects, ended ones among them, before those are let go of; a flood may lose the ticks. */
const FEW_AWAKE = 256;
/** With half as many alive a flood is taken to be one of orphans, and they are parked before the next tick. */
const MOST_AWAKE = 1024;

/** Every sock announced and not finished: objects where something was heard since the last tick, the others parked. */
export type Living = {
  readonly add: (sock: Sock) => void;
  /** Takes a sock out, unless its address is another's by now. */
  readonly remove: (sock: Sock) => void;
  /** The sock at an address, to be changed; one that was parked comes back for it. */
  readonly wake: (sk: SkAddr) => Sock | undefined;
  /** The sock at an address, to be looked at; of a parked one a copy. */
  readonly peek: (sk: SkAddr) => Sock | undefined;
  readonly count: () => number;
  /** To be looked at, in the order of their announcements; of parked ones copies. */
  readonly every: () => Generator<Sock>;
  /** The same in passing: one object, which tells of each in turn, and is of use until the next. */
  readonly glimpses: () => Generator<Glimpse>;
  /** Marks one as perhaps not wholly observed. */
  readonly doubt: (sk: SkAddr) => void;
  /** Marks every sock. */
  readonly addGap: (gap: Gap) => void;
  /**
   * Events were lost at `at`, no earlier than any loss before: whoever lives then may miss some. Costs nothing: a sock is
   * marked when it is next taken or looked at, and no event changes it before.
   */
  readonly lose: (at: TraceNs) => void;
  /** Parks those that live on. */
  readonly park: () => void;
  /** Bounds the objects where no tick comes. Nobody may hold a sock that `wake` gave. */
  readonly keepFew: () => void;
};

/** @param onStrip - there are too many objects: something of a sock was let go of, so that it can be parked */
export const createLiving = (onStrip: () => void): Living => {
  // A Map keeps the place of a key whose value is replaced: one that was parked, and comes back, stands where it stood.
  const socks = new Map<SkAddr, Sock | ParkedId>();
  const parked = createParked();
  /** Those of `socks` that are objects and may be parked at the next tick, and some that have ended since the last. */
  let awake: Sock[] = [];
  /** Objects with more to them than can be parked, as they were when that was tried. */
  let unfit: Sock[] = [];
  /** Since that was tried with all of `unfit`. */
  let events = 0;
  let mostAwake = FEW_AWAKE;
  let lostAt = Number.NEGATIVE_INFINITY;

  /** Who lives now has lived through every loss since its announcement. */
  const marked = (sock: Sock): Sock => {
    if (sock.announcedAt <= lostAt && sock.destroyedAt === null) addGap(sock, 'events_lost');
    return sock;
  };
  const read = (found: Sock | ParkedId, sk: SkAddr): Sock =>
    marked(typeof found === 'number' ? parked.read(found, sk) : found);

  const keep = (kept: Sock[]): void => {
    awake = kept;
    mostAwake = Math.max(FEW_AWAKE, 2 * kept.length);
  };

  /** @returns whether it is an object that lives on */
  const isUnfit = (sock: Sock, isFull: boolean): boolean => {
    if (sock.destroyedAt !== null || socks.get(sock.sk) !== sock) return false;
    let id = parked.park(sock);
    if (id === null && isFull) {
      strip(sock);
      onStrip();
      id = parked.park(sock);
    }
    if (id !== null) {
      socks.set(sock.sk, id);
      return false;
    }
    // A piece of a chunk would keep the whole chunk alive.
    const line = packedText(sock.announce.line);
    if (line !== sock.announce.line) sock.announce = { ...sock.announce, line };
    if (sock.latest !== null) sock.latest = packedText(sock.latest);
    return true;
  };

  const park = (): void => {
    // As many events as there are of them: a tick costs no more than what came since the last.
    if (events >= unfit.length) {
      events = 0;
      unfit = unfit.filter((sock) => isUnfit(sock, false));
    }
    for (const sock of awake) if (isUnfit(sock, unfit.length >= BOUNDS.unpacked)) unfit.push(sock);
    keep([]);
  };

  return {
    add: (sock) => {
      const before = socks.get(sock.sk);
      if (typeof before === 'number') parked.free(before);
      else if (before !== undefined) parked.forget(before);
      socks.set(sock.sk, sock);
      awake.push(sock);
    },
    remove: (sock) => {
      if (socks.get(sock.sk) === sock) socks.delete(sock.sk);
      parked.forget(sock);
    },
    wake: (sk) => {
      const found = socks.get(sk);
      if (found === undefined) return undefined;
      if (typeof found !== 'number') return marked(found);
      const sock = parked.wake(found, sk);
      socks.set(sk, sock);
      awake.push(sock);
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
    *glimpses() {
      const glimpse = createGlimpse(parked, read);
      for (const [sk, found] of socks) yield glimpse.at(sk, found);
    },
    doubt: (sk) => {
      const found = socks.get(sk);
      if (typeof found === 'number') parked.addGap(found, 'events_lost');
      else if (found !== undefined) addGap(found, 'events_lost');
    },
    addGap: (gap) => {
      for (const found of socks.values()) {
        if (typeof found !== 'number') {
          addGap(marked(found), gap);
          continue;
        }
        if (parked.announcedAtOf(found) <= lostAt) parked.addGap(found, 'events_lost');
        parked.addGap(found, gap);
      }
    },
    lose: (at) => {
      lostAt = at;
    },
    park,
    keepFew: () => {
      events++;
      if (awake.length <= mostAwake) return;
      keep(awake.filter((sock) => sock.destroyedAt === null));
      if (mostAwake > MOST_AWAKE) park();
    },
  };
};

/** Lets go of what keeps it from being parked, but for the end that a lingering close waits for. */
const strip = (sock: Sock): void => {
  addGap(sock, 'events_lost');
  sock.resets = NONE;
  sock.pressure = null;
  if (sock.moves.length > MOST_MOVES) sock.moves = [...sock.moves.slice(0, 3), ...sock.moves.slice(3 - MOST_MOVES)];
};
