// Measures the pipeline alone, on one core, from recordings it makes: `npm run measure [-- SOCKETS [ORPHANS]]`.
//   lines/s   reader (zstd, lines) → wire → order → lifecycle, as `top` and `record` fold a stream; then the same and
//             explain, every path described, as `trace` does; beside them the lines/s of split2 alone and of unpacking and
//             counting alone (`wc -l`) over the same recording, to tell a slow machine from a slow pipeline, and the RSS
//             after each million lines: it stays flat
//   orphans   RSS with ORPHANS (100,000) alive at once, over that of the same process after 50,000 closes; and what they hold
// The lines are of the shape the probes print, four a socket, 256 sockets interleaved; see docs/measurements.md.
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createZstdDecompress } from 'node:zlib';
import split2 from 'split2';
import { readRecording } from '../src/record/reader.ts';
import { openRecording } from '../src/record/writer.ts';
import { type OpenStream, openStream } from '../src/stream/open-stream.ts';
import { encodeLine, type Values } from '../src/wire/encode.ts';
import { wordAt } from '../src/wire/layout.ts';
import type { Meta } from '../src/wire/meta.ts';
import { type LineName, WIRE_VERSION } from '../src/wire/schema.ts';

const BASE_NS = 1_000_000_000_000n;
const INTERLEAVED = 256;
const COMM = Buffer.from('nginx\0\0\0\0\0\0\0\0\0\0\0')
  .toString('hex')
  .replace(/(..)(?=.)/g, '$1 ');

const meta: Meta = {
  type: 'meta',
  finwait: '0',
  schema: 1,
  wire: WIRE_VERSION,
  bpftrace: '0.23.2',
  kernel: 'measure',
  host: 'measure',
  backend: 'tracepoint',
  boot_offset_ns: '0',
  started_at: '2026-01-01T00:00:00.000Z',
  pid: 1,
  netns: 4_026_531_833,
  hz: 250,
  jiffies: null,
  reorder_window_ms: 5,
  reset_reasons: {},
  sysctls: {},
  filters: {},
};

/** A line of a socket as the probes print it, with other values in some of its words. */
const likeness = (name: LineName, values: Values): ((change: Readonly<Record<string, string>>) => string) => {
  const words = encodeLine(name, values).split(' ');
  return (change) => {
    for (const [word, text] of Object.entries(change)) words[places(name, word)] = text;
    return words.join(' ');
  };
};
const known = new Map<string, number>();
const places = (name: LineName, word: string): number => {
  const at = known.get(`${name} ${word}`) ?? wordAt(name, word);
  known.set(`${name} ${word}`, at);
  return at;
};

const SENT = {
  writeSeq: 0x7b19717c,
  sndUna: 0x7b197100,
  sndNxt: 0x7b19717c,
  sndWnd: 65_536,
  rto: 51,
  rtoTimer: 382_352,
  skTimer: 366_992,
};
const HELD = { wmemQueued: 152, rmemAlloc: 512, forwardAlloc: 0, retransStamp: 0x20000000 };

const announced = likeness('announce', {
  via: 3,
  flags: 0x302,
  context: 0x1cd,
  ...SENT,
  ...HELD,
  rcvNxt: 0x7b19717d,
  copiedSeq: 0x7b19717c,
  lsndtime: 382_352,
  rcvTstamp: 382_352,
  retries2: 15,
  finTimeout: 15_000,
  dataSegsIn: 1,
  netns: 0xeffffff9,
  uid: 1000,
  cgroupId: 27,
  laddr: 0x100000a,
  raddr: 0x200000a,
  laddr2: 0xffff0000,
  laddr3: 0x100000a,
  raddr2: 0xffff0000,
  raddr3: 0x200000a,
  pid: 23_927,
  tid: 23_927,
  taskFlags: 0x400040,
  comm: COMM,
});
const moved = likeness('set_state', { flags: 0x303, context: 0x1c0, ...SENT, ...HELD });

const announce = (t: bigint, sk: string, port: number): string =>
  announced({
    at: String(t),
    sk,
    ports: `2${port.toString(16).padStart(4, '0')}bb01`,
    h0: (((t / 1000n) << 16n) | 0x1480n).toString(16),
  });

const setState = (t: bigint, sk: string, from: number, to: number): string =>
  moved({ at: String(t), sk, from: String(from), to: String(to) });

const skOf = (i: number): string => (0xffff888000000000n + BigInt(i) * 2368n).toString(16);

function* closes(count: number): Generator<string> {
  for (let i = 0; i < count + INTERLEAVED; i++) {
    const t = BASE_NS + BigInt(i) * 10_000n;
    const dying = i - INTERLEAVED;
    if (i < count) yield announce(t, skOf(i % 4096), 1024 + (i % 60_000));
    if (dying >= 0) {
      const sk = skOf(dying % 4096);
      yield setState(t + 1000n, sk, 4, 5);
      yield setState(t + 2000n, sk, 5, 7);
      yield `D ${t + 3000n} ${sk} ${dying.toString(16)} 303000007c1 0 0`;
    }
    if (i % 10_000 === 0) yield `C ${t + 4000n} 0 0`;
  }
}

function* orphans(count: number): Generator<string> {
  for (let i = 0; i < count; i++) {
    const t = BASE_NS + BigInt(i) * 10_000n;
    yield announce(t, skOf(i), 1024 + (i % 60_000));
  }
  yield `C ${BASE_NS + BigInt(count) * 10_000n + 1_000_000_000n} 0 0`;
}

const make = async (path: string, lines: Iterable<string>): Promise<void> => {
  let drained = Promise.withResolvers<void>();
  const recording = await openRecording(path, () => drained.resolve());
  recording.start(meta);
  recording.write(`H ${WIRE_VERSION} tracepoint ${BASE_NS} 1795236568.703725`);
  recording.write(`e ${BASE_NS} 0 1 0`);
  for (const line of lines) {
    if (recording.write(line)) continue;
    await drained.promise;
    drained = Promise.withResolvers<void>();
  }
  await recording.end();
};

/** Lines a second of split2 alone. */
const cut = async (path: string): Promise<number> => {
  let count = 0;
  const start = performance.now();
  const lines = createReadStream(path).pipe(createZstdDecompress()).pipe(split2());
  lines.on('data', () => count++);
  await new Promise((resolve) => lines.once('end', resolve));
  return (count * 1000) / (performance.now() - start);
};

/** Lines a second of unpacking, and counting line breaks: the work of `zstdcat | wc -l`. */
const count = async (path: string): Promise<number> => {
  let found = 0;
  const start = performance.now();
  const bytes = createReadStream(path).pipe(createZstdDecompress());
  bytes.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(LINE_BREAK); at >= 0; at = chunk.indexOf(LINE_BREAK, at + 1)) found++;
  });
  await new Promise((resolve) => bytes.once('end', resolve));
  return (found * 1000) / (performance.now() - start);
};

const LINE_BREAK = 10;

const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0);

const run = async (
  path: string,
  describes: boolean,
  onEach: (lines: number) => void = () => {},
): Promise<{ readonly fold: OpenStream; readonly paths: number; readonly lines: number; readonly seconds: number }> => {
  let paths = 0;
  let taken = 0;
  let fold: OpenStream | null = null;
  const start = performance.now();
  const { lines } = await readRecording(path, {
    onMeta: (found) => {
      const made: OpenStream = openStream(found, {
        onEnd: (sock) => {
          if (describes && made.describe(sock) !== null) paths++;
        },
        onLedger: () => {},
        onNotice: () => {},
      });
      fold = made;
    },
    onLine: (line) => {
      fold?.push(line);
      if (++taken % 1_000_000 === 0) onEach(taken);
      return undefined;
    },
  });
  if (fold === null) throw new Error('the recording has no meta');
  return { fold, paths, lines, seconds: (performance.now() - start) / 1000 };
};

const role = process.argv[2];
const path = process.argv[3] ?? '';
if (role === 'fold' || role === 'paths') {
  const rss: string[] = [];
  const { fold, paths, lines, seconds } = await run(path, role === 'paths', () =>
    rss.push(mebibytes(process.memoryUsage().rss)),
  );
  const { malformed, outOfOrder } = fold.tracker.counters();
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const cpu = (userCPUTime + systemCPUTime) / 1e6;
  process.stdout.write(
    `${role === 'paths' ? 'every path described' : 'folded'}: ${Math.round(lines / seconds)} lines/s, ${Math.round(lines / cpu)} lines per CPU second (${lines} lines, ${paths} paths, ${seconds.toFixed(2)} s, peak RSS ${Math.round(maxRSS / 1024)} MB, after each million ${rss.join(', ')} MB, ${malformed} malformed, ${outOfOrder} out of order)\n`,
  );
} else if (role === 'bare') {
  process.stdout.write(
    `split2 alone ${Math.round(await cut(path))} lines/s, unpacked and counted ${Math.round(await count(path))} lines/s\n`,
  );
} else if (role === 'orphans') {
  const collect = (): NodeJS.MemoryUsage => {
    globalThis.gc?.();
    return process.memoryUsage();
  };
  // The memory that any stream takes, of whatever length: compiled code, the nursery, zstd's buffers.
  if (process.argv[4] !== undefined) await run(process.argv[4], true);
  const before = collect();
  const { fold } = await run(path, false);
  const after = collect();
  const live = fold.tracker.dyingCount();
  const held = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  process.stdout.write(
    `${live} live orphans: RSS ${mebibytes(after.rss)} MB (${mebibytes(before.rss)} MB before), ${Math.round((after.rss - before.rss) / live)} B of RSS each; held ${Math.round(held / live)} B each, heap ${mebibytes(after.heapUsed)} MB\n`,
  );
} else {
  const sockets = Number(role ?? 500_000);
  const dir = mkdtempSync(join(tmpdir(), 'finwait-measure-'));
  try {
    const self = process.argv[1] ?? '';
    const measure = (...given: readonly string[]): void => {
      execFileSync('taskset', ['-c', '0', process.execPath, '--expose-gc', self, ...given], { stdio: 'inherit' });
    };
    await make(join(dir, 'closes.fwr'), closes(sockets));
    for (let round = 0; round < 3; round++) {
      for (const way of ['fold', 'paths', 'bare']) measure(way, join(dir, 'closes.fwr'));
    }
    await make(join(dir, 'orphans.fwr'), orphans(Number(process.argv[3] ?? 100_000)));
    await make(join(dir, 'warm.fwr'), closes(50_000));
    for (let round = 0; round < 3; round++) measure('orphans', join(dir, 'orphans.fwr'), join(dir, 'warm.fwr'));
  } finally {
    rmSync(dir, { recursive: true });
  }
}
