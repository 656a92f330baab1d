import { wordAt } from '../src/wire/layout.ts';
import { type Life, movedLine } from './lives.ts';

const FIRST_SK = 0xff1200000000;
const SOCK_BYTES = 2368;
const FIRST_NS = 1_000_000_000_000;
/** Between two closes, and from a close to its announcement. */
const EVERY_NS = 10_000;
const DEFERRED_NS = 12_000_000;
const TICK_EVERY = 10_000;
/** Places in an announcement: flags and state; sequence numbers, ours and the peer's; ports. */
const FIELD = {
  e0: wordAt('deferred', 'e0'),
  e2: wordAt('deferred', 'e2'),
  e3: wordAt('deferred', 'e3'),
  a0: wordAt('deferred', 'a0'),
  ports: wordAt('deferred', 'ports'),
} as const;
/** The words about its close stand between its transitions and its comm, in this order. */
const CLOSE_AT = wordAt('deferred', 'closedAt');
const COMM_AT = wordAt('announce', 'comm');
/** Closed in ESTABLISHED by its file's last fput; no reset. */
const BITS = 0x3_0010;

const SOCK_DEAD = 1;
const STATE_SHIFT = 8;
const STATES = { CLOSE_WAIT: 8, LAST_ACK: 9, FIN_WAIT1: 4 } as const;

const hex = (hi: number, lo: number): string => ((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)).toString(16);
const halves = (field: string): readonly [number, number] => {
  const value = BigInt(`0x${field}`);
  return [Number(value >> 32n), Number(value & 0xffffffffn)];
};

/** Always the same ones. */
const createRandom = (): (() => number) => {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
};

/**
 * Announcements of orphans that stay, as the probes make them by default, 12 ms after the close: real ones, each copy
 * with its own address, times, sequence numbers and port of the peer. Then a tick that lets all of them be seen.
 */
export function* orphanLines(lives: readonly Life[], count: number): Generator<string> {
  const random = createRandom();
  for (let i = 0; i < count; i++) {
    const life = lives[i % lives.length];
    const fields = life?.lines[0]?.fields;
    if (life === undefined || fields === undefined) throw new Error('no life to take orphans from');
    const at = FIRST_NS + i * EVERY_NS;
    const closedAt = at - DEFERRED_NS;
    const sk = `ffff${(FIRST_SK + i * SOCK_BYTES).toString(16)}`;
    const words = movedLine(fields, at, sk, life, closedAt).split(' ');
    const [ours, theirs] = [random(), random()];
    const moved = (index: number, byHi: number, byLo: number): readonly [number, number] => {
      const [hi, lo] = halves(words[index] ?? '0');
      words[index] = hex(hi + byHi, lo + byLo);
      return [hi + byHi, lo + byLo];
    };
    const [flags, context] = halves(words[FIELD.e0] ?? '0');
    const isPassive = ((context >>> STATE_SHIFT) & 0xff) === STATES.CLOSE_WAIT;
    const state = isPassive ? STATES.LAST_ACK : STATES.FIN_WAIT1;
    words[FIELD.e0] = hex(flags | SOCK_DEAD, (context & 0xff) | (state << STATE_SHIFT));
    const [, sndUna] = moved(FIELD.e2, ours, ours);
    const [sndNxt] = moved(FIELD.e3, ours, 0);
    moved(FIELD.a0, theirs, theirs);
    const [family, ports] = halves(words[FIELD.ports] ?? '0');
    words[FIELD.ports] = hex(family, (ports & 0xffff0000) | (random() >>> 16));
    words[0] = 'L';
    const close = [closedAt.toString(16), hex(sndUna, sndNxt), BITS.toString(16)];
    yield [...words.slice(0, CLOSE_AT), ...close, ...words.slice(COMM_AT)].join(' ');
    if (i % TICK_EVERY === 0) yield `C ${at} 0 0`;
  }
  yield `C ${FIRST_NS + count * EVERY_NS + 1e9} 0 0`;
}
