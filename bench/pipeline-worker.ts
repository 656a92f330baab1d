// One measurement in a process of its own: `pipeline-worker.ts ROLE FILE LINES`. Prints one JSON object.
import { createReadStream } from 'node:fs';
import split2 from 'split2';
import { hideAddresses } from '../src/capture/bpftrace/hide-addresses.ts';
import { readRecording } from '../src/record/reader.ts';
import { type OpenStream, openStream } from '../src/stream/open-stream.ts';
import { META, makeFiles } from './make-lines.ts';

const CHUNK = 256 * 1024;

const [role = '', path = '', count = '0'] = process.argv.slice(2);
const quarter = Math.floor(Number(count) / 4);
let lines = 0;
let rssQuarter = 0;
let note = '';

const counted = (): void => {
  if (++lines === quarter) rssQuarter = process.memoryUsage.rss();
};

const readAll = (stream: NodeJS.ReadWriteStream): Promise<void> => {
  const done = Promise.withResolvers<void>();
  createReadStream(path, { highWaterMark: CHUNK })
    .pipe(stream)
    .on('data', counted)
    .once('end', done.resolve)
    .once('error', done.reject);
  return done.promise;
};

/** The way of `finwait explain FILE`: zstd, lines, wire, order, lifecycle, every path described. */
const foldAll = async (): Promise<void> => {
  let fold: OpenStream | null = null;
  let paths = 0;
  await readRecording(path, {
    onMeta: (meta) => {
      const made: OpenStream = openStream(meta, {
        onEnd: (sock) => {
          if (made.describe(sock) !== null) paths++;
        },
        onLedger: () => {},
        onNotice: () => {},
      });
      fold = made;
    },
    onLine: (line) => {
      counted();
      fold?.push(line);
      return undefined;
    },
  });
  if (fold === null) throw new Error(`${path} has no meta`);
  note = `${paths} paths described, ${countersOf(fold)}`;
};

/** The way of a live stream: a path is described only when somebody looks at it. */
const foldLive = async (): Promise<void> => {
  const fold = openStream(META, { onEnd: () => {}, onLedger: () => {}, onNotice: () => {} });
  const done = Promise.withResolvers<void>();
  createReadStream(path, { highWaterMark: CHUNK })
    .pipe(hideAddresses())
    .pipe(split2('\n'))
    .on('data', (line: string) => {
      counted();
      fold.push(line);
    })
    .once('end', done.resolve)
    .once('error', done.reject);
  await done.promise;
  note = countersOf(fold);
};

const countersOf = (fold: OpenStream): string => {
  const { malformed, outOfOrder } = fold.tracker.counters();
  return `${malformed} lines malformed, ${outOfOrder} out of order`;
};

const ROLES: Readonly<Record<string, () => Promise<void>>> = {
  make: () => makeFiles(path, Number(count)),
  split2: () => readAll(split2()),
  json: () => readAll(split2((line: string): unknown => JSON.parse(line))),
  live: foldLive,
  recording: foldAll,
};

const run = ROLES[role];
if (run === undefined) throw new Error(`no role '${role}'`);
const start = performance.now();
await run();
const seconds = (performance.now() - start) / 1000;
const rssEnd = process.memoryUsage.rss();
const { maxRSS } = process.resourceUsage();
process.stdout.write(`${JSON.stringify({ lines, seconds, rssQuarter, rssEnd, peakRss: maxRSS * 1024, note })}\n`);
