import { createSums } from './sums.ts';

/** A map is said to fill from this share of its places on, and again once it was below the other. */
const NEAR = 0.8;
const RELAXED = 0.6;
/** Sockets that a process holds come and go: at most one message a minute about those whose past had no place. */
const PAST_EVERY_MS = 60_000;

/** A map of the probes: the sockets in it, and what is not known of those that come when it is full. */
type About = {
  readonly holds: string;
  readonly after: string;
  /** The unknown part: no event of a death is lost, and the row of each such socket says what is not known. */
  readonly missing?: string;
};

/** By the numbers that `@kept` and `@unkept` have in probes/parts. */
const MAPS: Readonly<Record<string, About>> = {
  1: { holds: 'closes that wait to be announced', after: 'later ones are announced at once' },
  2: { holds: 'dying sockets', after: 'later ones are announced, and no more is seen of them' },
  3: { holds: 'closes in their order', after: 'later ones are counted when they have died, and not announced' },
  4: {
    holds: 'half-closed sockets that a process still holds (ss -tanp state close-wait state fin-wait-2)',
    after: 'the paths of later ones begin at their close',
    missing: 'their paths begin at their close',
  },
  5: { holds: 'dying sockets that the filter leaves out', after: 'later ones pass it' },
  6: { holds: 'what each CPU keeps', after: 'closes on some CPUs are not announced' },
  7: {
    holds: 'sockets that have begun to close',
    after: 'the paths of later ones begin at their close',
    missing: 'their paths begin at their close',
  },
  8: {
    holds: 'dying sockets that are looked at again',
    after: 'what changed of later ones without an event is not known',
    missing: 'what changes of them without an event is not known',
  },
  9: {
    holds: 'sockets in CLOSE that nobody has closed yet',
    after: "the peer's port of later ones may not be known, and their local address",
    missing: "the peer's port may not be known, and the local address",
  },
  tally: { holds: 'kinds of death', after: 'deaths of a new kind are not counted' },
};
const MISSING = new Map(Object.values(MAPS).map(({ holds, missing }) => [holds, missing]));
const UNKNOWN: About = { holds: 'sockets', after: 'later ones are not kept' };

/** Watches how full the maps of the probes are. */
export type MapRoom = {
  /** This many places of a map are taken. @param map - a number of `@kept`, or `tally` */
  readonly taken: (map: string, places: number) => void;
  /** This much was not kept since the start, for want of a place. */
  readonly unkept: (map: string, total: number) => void;
  /** Says everything that was not said yet. */
  readonly flush: () => void;
};

/**
 * @param keys - places of each map
 * @param notice - takes a sentence for the user
 * @param onLost - so much about dying sockets was not kept, and in which map
 */
export const createMapRoom = (
  keys: number,
  notice: (text: string) => void,
  onLost: (count: number, where: string) => void,
): MapRoom => {
  const near = new Set<string>();
  const known = new Map<string, number>();
  const pasts = createSums(PAST_EVERY_MS, (count, holds) =>
    notice(`a map of the probes is full: ${count} more ${holds} had no place; ${MISSING.get(holds) ?? ''}`),
  );
  return {
    taken: (map, places) => {
      if (places < keys * RELAXED) near.delete(map);
      if (places < keys * NEAR || near.has(map)) return;
      near.add(map);
      const { holds, after } = MAPS[map] ?? UNKNOWN;
      const share = Math.floor((100 * places) / keys);
      notice(
        `a map of the probes is ${share} % full: ${places} of ${keys} places, for ${holds}; once it is full, ${after}`,
      );
    },
    unkept: (map, total) => {
      const more = total - (known.get(map) ?? 0);
      if (more <= 0) return;
      known.set(map, total);
      const { holds, missing } = MAPS[map] ?? UNKNOWN;
      if (missing !== undefined) pasts.add(more, holds);
      else onLost(more, `a map of the probes was full, of ${holds}`);
    },
    flush: pasts.flush,
  };
};
