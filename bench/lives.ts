import { zstdDecompressSync } from 'node:zlib';
import { wordAt } from '../src/wire/layout.ts';
import { upgradeFrom } from '../src/wire/upgrade/upgrade.ts';

/** A line of the wire, its time as the distance from its socket's first, ns. */
type LifeLine = { readonly offset: number; readonly fields: readonly string[] };

/** All that was printed about one socket, from its announcement to its destroy and the reset that may follow. */
export type Life = { readonly announcedAt: number; readonly lines: readonly LifeLine[]; readonly ns: number };

/** Places in an announcement of its three transitions, and in a destroy of its announcement's time. */
const HISTORY = [wordAt('announce', 'h0'), wordAt('announce', 'h1'), wordAt('announce', 'h2')] as const;
const ANNOUNCED = wordAt('destroy', 'announced');
const VIA = wordAt('announce', 'via');
/** A word of a transition has its time, us, from this bit on; other bits are below it. @see docs/wire-format.md */
const BELOW_TIME = 65_536;
/** Distance of two sockets in their slab: the size of the kernel's tcp_sock. */
const SOCK_BYTES = 2368;
const FIRST_SK = 0xff1100000000;
const FIRST_NS = 1_000_000_000_000;

/** Lines of a recording, as a probe of today would have printed them. */
export const linesOf = (recording: Uint8Array): readonly string[] => {
  const lines = zstdDecompressSync(recording).toString('utf8').split('\n');
  const version = lines.find((line) => line.startsWith('H '))?.split(' ')[1];
  const upgrade = upgradeFrom(Number(version));
  return upgrade === null ? lines : lines.map(upgrade);
};

/** `via` of an announcement whose close was not seen. @see docs/wire-format.md */
const CLOSE_NOT_SEEN = '4';

/** The lives that a recording holds from beginning to end, and that lasted no longer than `longestNs`. */
export const livesOf = (lines: Iterable<string>, longestNs: number): readonly Life[] => {
  const open = new Map<string, string[][]>();
  const lives: string[][][] = [];
  for (const line of lines) {
    const fields = line.split(' ');
    const [letter = '', , sk = ''] = fields;
    if (letter === 'A') {
      const life = [fields];
      open.set(sk, life);
      if (fields[VIA] !== CLOSE_NOT_SEEN) lives.push(life);
    } else if ('SRXD'.includes(letter) && letter !== '') open.get(sk)?.push(fields);
  }
  return lives
    .filter((life) => life.some(([letter]) => letter === 'D'))
    .map((life) => {
      const announcedAt = Number(life[0]?.[1]);
      const timed = life.map((fields) => ({ offset: Number(fields[1]) - announcedAt, fields }));
      return { announcedAt, lines: timed, ns: Math.max(...timed.map(({ offset }) => offset)) };
    })
    .filter((life) => life.ns <= longestNs && life.lines.every(({ offset }) => offset >= 0));
};

/** A line moved in time and to another address, with the times that it holds besides its own. */
export const movedLine = (
  fields: readonly string[],
  at: number,
  sk: string,
  life: Life,
  announcedAt: number,
): string => {
  const moved = fields.slice();
  moved[1] = String(at);
  moved[2] = sk;
  if (fields[0] === 'A') {
    const byUs = Math.round((announcedAt - life.announcedAt) / 1000);
    for (const index of HISTORY) {
      const transition = Number.parseInt(moved[index] ?? '0', 16);
      if (transition > 0) moved[index] = (transition + byUs * BELOW_TIME).toString(16);
    }
  }
  if (fields[0] === 'D') {
    const announcement = Number.parseInt(moved[ANNOUNCED] ?? '0', 16);
    // The time without its low 16 bits; in their place the number of lines.
    if (announcement > 0) {
      moved[ANNOUNCED] = (announcedAt - (announcedAt % 65_536) + (announcement % 65_536)).toString(16);
    }
  }
  return moved.join(' ');
};

/**
 * An endless stream of real lines in the order of time: the lives again and again, evenly spread, each copy at a time
 * and an address of its own. Addresses are used again once they are free, as the kernel does.
 *
 * @param perSecond - lines in a second of event time, about
 */
export function* repeatLives(lives: readonly Life[], perSecond: number): Generator<string> {
  const count = lives.reduce((sum, { lines }) => sum + lines.length, 0);
  // Whole microseconds: the transitions' times have no finer ones.
  const period = Math.ceil((count / perSecond) * 1e6) * 1000;
  const starts = lives.map(
    (life, i) => Math.floor((i * period) / lives.length / 1000) * 1000 + (life.announcedAt % 1000),
  );
  const plan = lives
    .flatMap((life, i) =>
      life.lines.map(({ offset, fields }) => {
        const at = (starts[i] ?? 0) + offset;
        return { life, i, fields, phase: at % period, turns: Math.floor(at / period), offset };
      }),
    )
    .toSorted((a, b) => a.phase - b.phase);
  const lanes = Math.max(...plan.map(({ turns }) => turns)) + 2;
  const ticks = Math.max(1, Math.round(1e8 / period));
  for (let turn = 0; ; turn++) {
    const from = FIRST_NS + turn * period;
    if (turn % ticks === 0) yield `C ${from} 0 0`;
    for (const { life, i, fields, turns, offset } of plan) {
      const copy = turn - turns;
      if (copy < 0) continue;
      const announcedAt = FIRST_NS + copy * period + (starts[i] ?? 0);
      const sk = (FIRST_SK + ((copy % lanes) * lives.length + i) * SOCK_BYTES).toString(16).padStart(12, '0');
      yield movedLine(fields, announcedAt + offset, `ffff${sk}`, life, announcedAt);
    }
  }
}
