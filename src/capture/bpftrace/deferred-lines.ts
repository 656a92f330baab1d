import { type EndCount, endCountOf, endedLine, joinDeferred, namedEnd, tallyLine } from '../../wire/deferred.ts';
import { letterOf, wordAt } from '../../wire/layout.ts';
import type { MapRoom } from './map-room.ts';
import { createProgress } from './progress.ts';

/** One line says how a socket was closed, the next says how it stands. After this time the second will not come. */
const PATIENCE_MS = 2000;
const CLOSED = letterOf('closed');
const STANDS = letterOf('stands');
const TICK = letterOf('tick');
const NAMED = letterOf('named');
const BYE = letterOf('bye');
/** `@`, with which bpftrace begins a line of a map. */
const MAP = 0x40;
/** The address of the socket stands here in both lines. */
const SK = wordAt('closed', 'sk');

type Held = { readonly line: string; readonly since: number };

export type DeferredLines = {
  /**
   * Takes a line of a deferred probe and passes on the wire's form of it. Two lines of an announcement become one `L` line:
   * bpftrace has not the stack for it. A line of the map of tallies becomes a `T` line, or an `E` line where it counts
   * abnormal ends and has grown. A `U` line is made of what the probes say of their CPUs. The lines that say how full the maps
   * are go to `room`. All other lines go through.
   */
  readonly take: (line: string) => void;
};

/**
 * @param put - takes the wire's lines
 * @param now - boot clock, ns: a map is printed without a time
 * @param onLost - so many announcements were lost, and why
 * @param room - of the probes' maps
 */
export const createDeferredLines = (
  put: (line: string) => void,
  now: () => bigint,
  onLost: (count: number, where: string) => void,
  room: MapRoom,
): DeferredLines => {
  const held = new Map<string, Held>();

  const forget = (): void => {
    const before = performance.now() - PATIENCE_MS;
    let count = 0;
    for (const [sk, { since }] of held) {
      if (since > before) break;
      held.delete(sk);
      count++;
    }
    if (count > 0) onLost(count, 'half of an announcement did not come');
  };

  /** Abnormal ends by their number: the words of its `N` line, and the newest count. */
  const named = new Map<string, readonly string[]>();
  const ends = new Map<bigint, EndCount>();
  const told = new Map<bigint, string>();

  const tellEnd = (end: EndCount): void => {
    if (told.get(end.key) === end.count) return;
    told.set(end.key, end.count);
    put(endedLine(end, end.id === null ? undefined : named.get(end.id), now()));
  };

  /** The line that says what a number means comes by another way than the counts, and may come after them. */
  const countEnd = (end: EndCount): void => {
    ends.set(end.key, end);
    if (end.id === null || named.has(end.id)) tellEnd(end);
  };

  const classes = new Set<string>();
  const counted = (line: string): void => {
    const places = /^@(un)?kept\[(\d)\]: (-?\d{1,15})$/.exec(line);
    if (places !== null) {
      const [, isUnkept, map = '', count = '0'] = places;
      if (isUnkept === undefined) room.taken(map, Number(count));
      else room.unkept(map, Number(count));
      return;
    }
    const end = endCountOf(line);
    if (end !== null) {
      countEnd(end);
      return;
    }
    const tally = tallyLine(line, now());
    put(tally ?? line);
    if (tally === null) return;
    classes.add(line.slice(0, line.indexOf(':')));
    room.taken('tally', classes.size);
  };

  const progress = createProgress(put);

  return {
    take: (line) => {
      if (progress.take(line)) return;
      switch (line.charCodeAt(0)) {
        case CLOSED: {
          const sk = line.split(' ', SK + 1)[SK];
          if (sk === undefined) return put(line);
          held.delete(sk);
          held.set(sk, { line, since: performance.now() });
          return;
        }
        case STANDS: {
          const sk = line.split(' ', SK + 1)[SK] ?? '';
          const how = held.get(sk)?.line;
          held.delete(sk);
          return put(joinDeferred(line, how) ?? line);
        }
        case MAP:
          return counted(line);
        case NAMED: {
          const found = namedEnd(line);
          if (found === null) return put(line);
          named.set(found.id, found.words);
          return;
        }
        case BYE:
          for (const end of ends.values()) tellEnd(end);
          return put(line);
        case TICK:
          if (held.size > 0) forget();
          return put(line);
        default:
          return put(line);
      }
    },
  };
};
