import { constants, createZstdCompress } from 'node:zlib';
import { aHostFacts } from './host-facts.ts';

/** A recording that somebody made to exhaust whoever reads it. */
export type Hostile = {
  readonly name: string;
  /** Its lines after the meta, in pieces that end with a line break; endless ones are cut. */
  readonly text: () => Iterable<string>;
  /** Instead of a meta as finwait writes it. */
  readonly meta?: object;
  /** zstd's level, 3 unless told: a higher one packs more lines into the same bytes. */
  readonly level?: number;
};

/** A file below this is small. */
export const SMALL = 1_000_000;
/** Bytes of text after which no reader of a small recording still reads. */
const ENOUGH = 30_000_000;
const PIECE = 65_536;

const META = {
  type: 'meta',
  finwait: '0.1.0',
  schema: 1,
  wire: 1,
  bpftrace: '0.17.0',
  kernel: '6.18.0',
  host: 'hostile',
  backend: 'tracepoint',
  boot_offset_ns: '0',
  started_at: '2026-01-01T00:00:00.000Z',
  pid: 1,
  netns: null,
  hz: 250,
  reorder_window_ms: 50,
  reset_reasons: {},
  sysctls: {},
  filters: {},
};
const HELLO = 'H 1 tracepoint 1 1795236568.703725\n';
/** A second handshake: the lines from here on are of version 4. */
const HELLO_4 = 'H 4 tracepoint 1 1795236568.703725\n';

/** The recording's bytes: as many as make a small file, and no end. @param enough - characters of text */
export const packed = async (hostile: Hostile, enough = ENOUGH): Promise<Buffer> => {
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: hostile.level ?? 3 } });
  const chunks: Buffer[] = [];
  let size = 0;
  zstd.on('data', (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
  });
  const ended = new Promise<void>((resolve) => zstd.once('end', resolve));
  let given = 0;
  const give = async (text: string): Promise<void> => {
    given += text.length;
    if (!zstd.write(text)) await new Promise<void>((resolve) => zstd.once('drain', () => resolve()));
  };
  await give(`${JSON.stringify(hostile.meta ?? META)}\n${HELLO}`);
  let piece = '';
  for (const text of hostile.text()) {
    piece += text;
    if (piece.length < PIECE) continue;
    await give(piece);
    piece = '';
    // zstd may still hold as much as twice its window; it packs that to far less than this.
    if (size > SMALL * 0.93 || given > enough) break;
  }
  await give(piece);
  zstd.end();
  await ended;
  const bytes = Buffer.concat(chunks);
  return bytes.subarray(0, SMALL - 1);
};

/** `line` for 0, 1, 2 and so on without an end. */
const counting = (line: (i: number) => string): (() => Iterable<string>) =>
  function* () {
    for (let i = 0; ; i++) yield `${line(i)}\n`;
  };

const always = (line: string): (() => Iterable<string>) => {
  const many = `${line}\n`.repeat(Math.max(1, Math.floor(PIECE / (line.length + 1))));
  return counting(() => many.slice(0, -1));
};

const hex = (i: number): string => i.toString(16);
const zeros = (count: number): string => ' 0'.repeat(count);
const COMM = ' 00'.repeat(16);
const commOf = (i: number): string =>
  ` ${hex(256 + (i & 255)).slice(1)} ${hex(256 + ((i >> 8) & 255)).slice(1)} ${hex(256 + ((i >> 16) & 255)).slice(1)}${' 61'.repeat(13)}`;

type On = { readonly via?: number; readonly e0?: string; readonly port?: number; readonly comm?: string };
/** The shortest announcement that is good. */
const announce = (at: number | bigint, sk: string, on: On = {}): string =>
  `A ${at} ${sk} ${on.via ?? 1} ${on.e0 ?? '401'}${zeros(16)} 20000${hex(65_536 + (on.port ?? 1)).slice(1)}0000${zeros(11)}${on.comm ?? COMM}`;

const state = (at: number, sk: string, from: string, to: string): string => `S ${at} ${sk} ${from} ${to}${zeros(8)}`;
const destroy = (at: number, sk: string, cookie = '0'): string => `D ${at} ${sk} ${cookie} 701 0 0`;
const LINGER = '1000000401';

const facts = (extra: string): string => `${JSON.stringify(aHostFacts()).slice(0, -1)},${extra}}`;
const listed = (extra: string): string => {
  const [one] = aHostFacts().close_wait.listed;
  const many = Array.from({ length: 100 }, () => `${JSON.stringify(one).slice(0, -1)},${extra}}`);
  const { close_wait, ...rest } = aHostFacts();
  return `${JSON.stringify(rest).slice(0, -1)},"close_wait":${JSON.stringify({ ...close_wait, listed: [] }).replace('"listed":[]', `"listed":[${many.join()}]`)}}`;
};
const MOST_JSON = 262_000;
const fill = (unit: string, length = MOST_JSON): string => unit.repeat(Math.floor(length / unit.length));

const v4 = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

/** The five of the report that asked for bounds: each took gigabytes, or seconds, from some kilobytes. */
export const THE_FIVE: readonly Hostile[] = [
  { name: 'host facts with fields that nobody knows', text: always(`h 5 ${facts(`"x":[${fill('[],', 200_000)}0]`)}`) },
  { name: 'kernel log lines of a megabyte', text: always(`m 5 0 orphans 0 ${'x'.repeat(1_000_000)}`) },
  { name: 'notices', text: counting((i) => `n ${i} notice ${i % 1000} ${'!'.repeat(300)}`) },
  { name: 'tallies of a million classes', text: counting((i) => `T 5 3 0 1 9 ${hex(i)} 0 0 6 1`) },
  { name: 'an inventory of a million orphans', text: counting((i) => `i 5 1 ipv4 10.0.0.1 1 ${v4(i)} 1 4 0 0`) },
  { name: 'empty lines', text: always('') },
];

const LETTERS = 'ABCDHLRSTXZieokhmln';

/** Their kin: each kind of line and each bound, alone, many at once and in odd orders. */
export const KIN: readonly Hostile[] = [
  { name: 'T lines that only count up', text: counting((i) => `T 5 3 0 1 9 0 0 0 6 ${i}`) },
  { name: 'T lines of muted sockets', text: counting((i) => `T 5 6 0 1 9 0 0 0 6 ${i}`) },
  {
    name: 'i lines of other namespaces',
    text: counting(
      (i) =>
        `i 5 ${i} ipv6 2001:db8:aaaa:bbbb:cccc:dddd:eeee:${hex(i & 65_535)} 1 2001:db8:aaaa:bbbb:cccc:dddd:eeee:2 1 4 0 0`,
    ),
    level: 9,
  },
  {
    name: 'an inventory of many orphans, each of them read',
    text: function* () {
      const orphan = (i: number): string => `1 ipv4 ${v4(i)} 1 10.0.0.1 1 4`;
      const figures = ' 0'.repeat(18);
      for (let i = 0; ; i++) yield `i 5 ${orphan(i)} 0 0\no 5 ${orphan(i)} ${i} 0 ${i}${figures}\n`;
    },
    level: 9,
  },
  {
    name: 'inventories again and again, against many orphans',
    text: function* () {
      yield 'e 5 0 1 0\n';
      for (let i = 0; i < 100_000; i++) yield `${announce(i, hex(4096 + i))}\n`;
      yield 'k 100001 1 9\nC 1000000000\n';
      for (;;) yield 'e 1000000001 0 1 0\n';
    },
  },
  { name: 'ticks', text: always('C 1') },
  {
    name: 'lines of any CPU, and no word of how far one is',
    text: function* () {
      yield HELLO_4;
      for (let i = 0; ; i++) yield `P ${i} ${hex(1 + (i % 16_383))}\n`;
    },
  },
  {
    name: 'progress over and over, and a thousand CPUs behind it',
    text: function* () {
      yield HELLO_4;
      for (let i = 1; i < 1024; i++) yield `P 5 ${hex(i)}\nU 6 ${hex(i)} ffffffffff\n`;
      for (let i = 10; ; i++) yield `U ${i}\n`;
    },
  },
  {
    name: 'a thousand CPUs behind, each in its turn',
    text: function* () {
      yield HELLO_4;
      for (let i = 1; i < 1024; i++) yield `P 5 ${hex(i)}\nU 6 ${hex(i)} ffffffffff\n`;
      for (let i = 0; ; i++) yield `P ${i} ${hex(1 + (i % 1023))}\n`;
    },
  },
  {
    name: 'progress of as many CPUs as fit',
    text: function* () {
      yield HELLO_4;
      for (let i = 0; ; i++) {
        const cpus = Array.from({ length: 4096 }, (_, cpu) => ` ${hex(1 + ((i + cpu) % 16_383))} ${hex(i)}`).join('');
        yield `U ${i}${cpus}\n`;
      }
    },
  },
  { name: 'ticks, time passing', text: counting((i) => `C ${i}00000000`) },
  {
    name: 'ticks over orphans that are objects',
    text: function* () {
      for (let i = 0; i < 60_000; i++) yield `${announce(i, hex(4096 + i))}\nX ${i} ${hex(4096 + i)} 1 4 0 0 0\n`;
      for (let i = 1; ; i++) yield `C ${i}00000000\n`;
    },
  },
  {
    name: 'ticks 5 s apart over orphans',
    text: function* () {
      for (let i = 0; i < 100_000; i++) yield `${announce(i, hex(4096 + i))}\n`;
      for (let i = 1; ; i++) yield `C ${i * 5}000000001\n`;
    },
  },
  {
    name: 'ticks 5 s apart over sockets in CLOSE that linger',
    text: function* () {
      for (let i = 0; i < 60_000; i++)
        yield `${announce(i, hex(4096 + i), { e0: LINGER })}\n${state(i, hex(4096 + i), '4', '7')}\n`;
      for (let i = 1; ; i++) yield `C ${i * 5}000000001\n`;
    },
    meta: { ...META, hz: null },
  },
  { name: 'samples', text: counting((i) => `k 5 ${i & 7} 9`) },
  {
    name: 'samples that cannot settle, and orphans',
    text: function* () {
      for (let i = 0; i < 100_000; i++) yield `k ${i} 1 9\n`;
      for (let i = 100_000; ; i++) yield `${announce(i, hex(i))}\n`;
    },
    meta: { ...META, min_age_ms: 86_400_000 },
  },
  {
    name: 'orphans of one moment, and samples',
    text: function* () {
      for (let i = 0; i < 60_000; i++) yield `${announce(5, hex(4096 + i))}\n`;
      for (;;) yield 'k 5 1 9\n';
    },
  },
  { name: 'orphans', text: counting((i) => announce(i, hex(4096 + i))), level: 9 },
  {
    name: 'orphans of many programs',
    text: counting((i) => announce(i, hex(4096 + i), { comm: commOf(i) })),
    level: 9,
  },
  {
    name: 'orphans with ticks between',
    text: counting((i) => (i % 100 === 0 ? `C ${i}` : announce(i, hex(4096 + i)))),
    level: 9,
  },
  { name: 'orphans of one moment', text: counting((i) => announce(5, hex(4096 + i))), level: 9 },
  { name: 'orphans whose times go back', text: counting((i) => announce(1e15 - i, hex(4096 + i))), level: 9 },
  {
    name: 'orphans that linger',
    text: counting((i) => announce(i, hex(4096 + i), { e0: LINGER })),
    level: 9,
    meta: { ...META, hz: null },
  },
  {
    name: 'orphans with resets',
    text: counting((i) => `${announce(i, hex(4096 + i))}\nX ${i} ${hex(4096 + i)} 1 4 0 0 0`),
    level: 9,
  },
  {
    name: 'orphans with many resets',
    text: counting((i) => `${announce(i, hex(4096 + i))}\n${`X ${i} ${hex(4096 + i)} 2 4 0 0 0\n`.repeat(9)}C ${i}`),
    level: 9,
  },
  {
    name: 'orphans with seven moves',
    text: counting((i) => `${announce(i, hex(4096 + i))}\n${`${state(i, hex(4096 + i), '4', '5')}\n`.repeat(8)}C ${i}`),
    level: 9,
  },
  {
    name: 'orphans whose addresses meet in a table',
    text: counting((i) =>
      announce(i, `${hex(4096 + i)}${hex((Math.imul(4096 + i, 0x85ebca6b) >>> 0) + 2 ** 32).slice(1)}`),
    ),
    level: 9,
  },
  {
    name: 'deaths of one moment',
    text: counting((i) => `${announce(5, hex(4096 + i))}\n${destroy(5, hex(4096 + i))}`),
    level: 9,
  },
  { name: 'deaths', text: counting((i) => `${announce(i, hex(4096 + i))}\n${destroy(i, hex(4096 + i))}`), level: 9 },
  {
    name: 'one life of a million transitions',
    text: function* () {
      yield `${announce(5, '1')}\n`;
      yield* counting((i) => state(6 + i, '1', '4', '5'))();
    },
  },
  {
    name: 'one life of a million transitions out of order',
    text: function* () {
      yield `${announce(5, '1')}\nC 9000000000\nC 9900000000\n`;
      yield* counting((i) => state(1_000_000_000 - (i % 900_000_000), '1', '4', '5'))();
    },
  },
  {
    name: 'retransmissions',
    text: function* () {
      yield `${announce(5, '1')}\n`;
      yield* counting((i) => `R ${6 + i} 1${zeros(8)}`)();
    },
  },
  { name: 'resets of nobody', text: counting((i) => `X ${i} ${hex(i)} 1 4 0 0 0`) },
  { name: 'destroys of nobody', text: counting((i) => destroy(i, hex(i), '1234567890abcdef')) },
  { name: 'destroys of nobody at one moment', text: counting((i) => destroy(5, hex(i))), level: 9 },
  { name: 'lives at one address', text: counting((i) => announce(i, '1')) },
  { name: 'handshakes', text: always('H 1 x 1 1.000000') },
  { name: 'goodbyes', text: always('Z 1') },
  { name: 'losses of many reasons', text: counting((i) => `l ${i}000000000 5 ${i}\nC ${i}000000000`) },
  {
    name: 'losses of one reason, a second apart',
    text: counting((i) => `l ${i}000000000 99999999999999999999 x\nC ${i}000000000`),
  },
  { name: 'losses for reasons of a megabyte', text: counting((i) => `l 5 5 ${i}${'x'.repeat(1_000_000)}`) },
  { name: 'notices of a megabyte', text: counting((i) => `n 5 ${i}${'x'.repeat(1_000_000)}`) },
  { name: 'notices of two bytes a letter', text: counting((i) => `n 5 ${i}${'\u0416'.repeat(3000)}`) },
  { name: 'notices of what a terminal must not see', text: counting((i) => `n 5 ${i}${'\u202e'.repeat(300)}`) },
  { name: 'short notices', text: always('n 1 x') },
  { name: 'kernel log lines', text: counting((i) => `m ${i} 0 memory 0 ${i} ${'x'.repeat(900)}`) },
  { name: 'kernel log lines of a moment', text: always('m 5 0 orphans 0 x') },
  { name: 'host facts', text: counting((i) => `h ${i} ${JSON.stringify(aHostFacts())}`) },
  { name: 'host facts of a moment', text: always(`h 5 ${JSON.stringify(aHostFacts())}`) },
  {
    name: 'host facts with deep fields',
    text: always(`h 5 ${facts(`"x":${fill('[', 120_000)}${fill(']', 120_000)}`)}`),
  },
  { name: 'host facts with fields twice', text: always(`h 5 ${facts(fill('"x":{},').slice(0, -1))}`) },
  {
    name: 'host facts with many fields',
    text: always(`h 5 ${facts(Array.from({ length: 20_000 }, (_, i) => `"${i}":{}`).join())}`),
  },
  {
    name: 'host facts whose list has fields that nobody knows',
    text: always(`h 5 ${listed(`"x":[${fill('{},', 1800)}0]`)}`),
  },
  { name: 'host facts with full lists', text: always(`h 5 ${listed('"x":0')}`) },
  { name: 'a line without an end', text: () => Array.from({ length: 1200 }, () => 'x'.repeat(PIECE)) },
  { name: 'lines that are too long', text: always('x'.repeat(1_100_000)) },
  { name: 'lines that are nearly too long', text: always(`A 1 1 1 ${'0'.repeat(1_000_000)}`) },
  { name: 'lines of one letter', text: always('x') },
  { name: 'carriage returns', text: always('\r') },
  {
    name: 'one good line in each piece',
    text: counting(
      (i) =>
        `i 5 1 ipv6 2001:db8:aaaa:bbbb:cccc:dddd:eeee:${hex(i & 65_535)} 1 2001:db8:aaaa:bbbb:cccc:dddd:eeee:2 1 4 0 0\n${'y'.repeat(60_000)}`,
    ),
  },
  {
    name: 'one good line in each piece of two bytes a letter',
    text: counting((i) => `${announce(5, hex(i))}\n\u0416${'y'.repeat(60_000)}`),
  },
  {
    name: 'times forward and back',
    text: counting((i) => `C ${i % 2 === 0 ? 1_000_000 + i : 1_000_000_000_000_000 - i}`),
  },
  {
    name: 'a far future before all else',
    text: function* () {
      yield `i 999999999999999999 1 ipv4 10.0.0.1 1 10.0.0.2 1 4 0 0\n`;
      yield* counting((i) => `i ${i} 1 ipv4 10.0.0.1 1 ${v4(i)} 1 4 0 0`)();
    },
  },
  { name: 'lines of finwait alone, which move no clock', text: counting((i) => `k ${i} 1 9`) },
  {
    name: 'a meta with many fields',
    text: () => ['C 1\n'],
    meta: {
      ...META,
      reset_reasons: Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [i, 'x'])),
      host: 'x'.repeat(200_000),
    },
  },
  {
    name: 'bad lines of every letter',
    text: counting((i) => `${LETTERS[i % LETTERS.length]} ${i} ${hex(i)} x`),
  },
];

/** Lines of every kind, of socket `i` at `at`; short, since short ones are many. */
const KINDS: Readonly<Record<string, (i: number, at: number) => string>> = {
  announce: (i, at) => announce(at, hex(4096 + i), { port: i & 65_535 }),
  linger: (i, at) => announce(at, hex(4096 + i), { e0: LINGER, comm: commOf(i) }),
  adopted: (i, at) => announce(at, hex(4096 + i), { via: 4 }),
  state: (i, at) => state(at, hex(4096 + (i % 5000)), '4', '5'),
  toClose: (i, at) => state(at, hex(4096 + i), '4', '7'),
  retransmit: (i, at) => `R ${at} ${hex(4096 + i)}${zeros(8)}`,
  reset: (i, at) => `X ${at} ${hex(4096 + i)} 1 4 0 0 0`,
  destroy: (i, at) => destroy(at, hex(4096 + i)),
  tally: (i, at) => `T ${at} ${i % 8} 0 1 9 ${hex(i)} 0 0 6 ${i}`,
  tick: (_, at) => `C ${at}`,
  listed: (i, at) => `i ${at} ${i % 300} ipv4 10.0.0.1 1 ${v4(i)} 1 4 0 0`,
  listedEnd: (_, at) => `e ${at} 0 1 0`,
  sample: (i, at) => `k ${at} ${i % 1000} 9`,
  facts: (_, at) => `h ${at} ${JSON.stringify(aHostFacts())}`,
  logged: (i, at) => `m ${at} 0 orphans 0 ${'x'.repeat(i % 2000)}`,
  lost: (i, at) => `l ${at} 5 ${i % 100}`,
  notice: (i, at) => `n ${at} ${i % 100} ${'y'.repeat(i % 2000)}`,
  hello: () => 'H 1 x 1 1.000000',
  bad: (i, at) => `? ${at} ${i}`,
  empty: () => '',
};
export const KIND_NAMES = Object.keys(KINDS);
/** The pace of time from line to line: it stands still, creeps, passes, runs, goes back. */
export const PACES = [0, 1, 1_000_000, 6_000_000_000, -1000] as const;

export type Run = { readonly kind: string; readonly count: number; readonly pace: number };

/** Runs of lines of one kind each, one after the other, again and again. */
export const mixed = (runs: readonly Run[], level: number, minAgeMs: number): Hostile => ({
  name: runs.map(({ kind, count, pace }) => `${count} ${kind} ${pace} ns apart`).join(', '),
  level,
  meta: { ...META, min_age_ms: minAgeMs },
  text: function* () {
    let at = 1_000_000_000;
    for (let turn = 0; ; turn++) {
      for (const { kind, count, pace } of runs) {
        for (let i = 0; i < count; i++) {
          at = Math.min(1e18, Math.max(1, at + pace));
          yield `${KINDS[kind]?.(turn * count + i, at) ?? ''}\n`;
        }
      }
    }
  },
});
