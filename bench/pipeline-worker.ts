// One measurement in a process of its own: `pipeline-worker.ts ROLE FILE LINES`. Prints one JSON object.
import { createReadStream } from 'node:fs';
import split2 from 'split2';
import { createFold, type Fold } from '../src/cli/fold.ts';
import { readRecording } from '../src/record/reader.ts';
import { makeFiles } from './make-lines.ts';

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
  let fold: Fold | null = null;
  let paths = 0;
  await readRecording(path, {
    onMeta: (meta) => {
      const made: Fold = createFold(meta, {
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
  const found = (fold as Fold | null)?.tracker.counters();
  note = `${paths} paths described, ${found?.malformed} lines malformed, ${found?.lateEvents} late`;
};

const ROLES: Readonly<Record<string, () => Promise<void>>> = {
  make: () => makeFiles(path, Number(count)),
  split2: () => readAll(split2()),
  json: () => readAll(split2((line: string): unknown => JSON.parse(line))),
  finwait: foldAll,
};

const run = ROLES[role];
if (run === undefined) throw new Error(`no role '${role}'`);
const start = performance.now();
await run();
const seconds = (performance.now() - start) / 1000;
const rssEnd = process.memoryUsage.rss();
const { maxRSS } = process.resourceUsage();
process.stdout.write(`${JSON.stringify({ lines, seconds, rssQuarter, rssEnd, peakRss: maxRSS * 1024, note })}\n`);
