import type { MapRoom } from './map-room.ts';

/** Bits of a late announcement, and of a tally's class; probes/parts/lazy sets them. */
const VIA_SHIFT = 16n;
const LATE_VIA = '4';
/** How a socket was closed is told in one line, how it stands in the next; this long after, the other will not come. */
const PATIENCE_MS = 2000;
const B_FIELDS = 10;
const L_FIELDS = 26;
/** No close known: no time, no sequence numbers, no task, no transitions; closed in no state. */
const NO_CLOSE = { who: '0', doing: '0', h: '0 0 0', closed: '0', seqs: '0', bits: '40000', comm: '00'.repeat(16) };

type Held = { readonly line: string; readonly since: number };

export type LateLines = {
  /**
   * Takes a line of a probe that announces late, and gives on what the wire has in its place: one `L` line for the two
   * that bpftrace has the stack for, a `T` line for a line of the map of tallies. How full the maps are goes to their
   * room. All other lines go through.
   */
  readonly take: (line: string) => void;
};

/**
 * @param put - takes the wire's lines
 * @param now - boot clock, ns: a map is printed without a time
 * @param onLost - so many announcements were lost, and why
 * @param room - of the probes' maps
 */
export const createLateLines = (
  put: (line: string) => void,
  now: () => bigint,
  onLost: (count: number, where: string) => void,
  room: MapRoom,
): LateLines => {
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

  const classes = new Set<string>();
  const counted = (line: string): void => {
    const places = /^@(un)?kept\[(\d)\]: (-?\d{1,15})$/.exec(line);
    if (places !== null) {
      const [, isUnkept, map = '', count = '0'] = places;
      if (isUnkept === undefined) room.taken(map, Number(count));
      else room.unkept(map, Number(count));
      return;
    }
    const tally = tallyLine(line, now());
    put(tally ?? line);
    if (tally === null) return;
    classes.add(line.slice(0, line.indexOf(':')));
    room.taken('tally', classes.size);
  };

  return {
    take: (line) => {
      switch (line.charCodeAt(0)) {
        case 0x42: {
          const sk = line.split(' ', 3)[2];
          if (sk === undefined) return put(line);
          held.delete(sk);
          held.set(sk, { line, since: performance.now() });
          return;
        }
        case 0x4c: {
          const sk = line.split(' ', 3)[2] ?? '';
          const how = held.get(sk)?.line;
          held.delete(sk);
          return put(joined(line, how) ?? line);
        }
        case 0x40:
          return counted(line);
        case 0x43:
          if (held.size > 0) forget();
          return put(line);
        default:
          return put(line);
      }
    },
  };
};

/** The `L` line of the wire; null where a half is no whole one: it goes on as it is, and counts as malformed. */
const joined = (line: string, how: string | undefined): string | null => {
  const words = line.split(' ');
  if (words.length !== L_FIELDS) return null;
  const close = how === undefined ? NO_CLOSE : closeOf(how.split(' '));
  if (close === null) return null;
  const { who, doing, h, closed, seqs, bits, comm } = close;
  const [letter, at, sk, ...rest] = words;
  const via = bits === NO_CLOSE.bits ? LATE_VIA : ((BigInt(`0x${bits}`) >> VIA_SHIFT) & 7n).toString(16);
  const [flags, exit] = halves(doing);
  const name = how === undefined ? comm.replace(/..(?=.)/g, '$& ') : comm;
  return [letter, at, sk, via, ...rest, who, flags, exit, h, closed, seqs, bits, name].join(' ');
};

const HEX = /^[0-9a-f]{1,16}$/;

const closeOf = (words: readonly string[]): typeof NO_CLOSE | null => {
  const [, , , closed = '', bits = '', who = '', doing = '', seqs = '', ...more] = words;
  const [h0, h1, h2, ...comm] = more;
  const fields = [bits, who, doing, seqs, h0 ?? '', h1 ?? '', h2 ?? ''];
  if (words.length !== B_FIELDS + 17 || !/^\d{1,20}$/.test(closed) || !fields.every((field) => HEX.test(field))) {
    return null;
  }
  return { who, doing, h: `${h0} ${h1} ${h2}`, closed: BigInt(closed).toString(16), seqs, bits, comm: comm.join(' ') };
};

/** Both halves of a field of 64 bits. */
const halves = (field: string): readonly [string, string] => {
  const value = BigInt(`0x${field}`);
  return [(value >> 32n).toString(16), (value & 0xffffffffn).toString(16)];
};

/** `@tally[CLASS]: COUNT`, as bpftrace prints its map, as a `T` line; null for any other. */
const tallyLine = (line: string, at: bigint): string | null => {
  const found = /^@tally\[(\d{1,20})\]: (\d{1,20})$/.exec(line);
  if (found === null) return null;
  const bits = BigInt(found[1] ?? 0);
  const field = (from: bigint, mask: bigint): string => ((bits >> from) & mask).toString(16);
  const marks = Number((bits >> 20n) & 15n) | (Number((bits >> 32n) & 1n) << 4) | (Number((bits >> 33n) & 7n) << 5);
  return [
    'T',
    at,
    field(16n, 7n),
    field(19n, 1n),
    field(4n, 15n),
    field(0n, 15n),
    field(24n, 255n),
    field(8n, 255n),
    marks.toString(16),
    field(40n, 31n),
    found[2],
  ].join(' ');
};
