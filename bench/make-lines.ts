import { closeSync, openSync, readFileSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openRecording } from '../src/record/writer.ts';
import type { Meta } from '../src/wire/meta.ts';
import { WIRE_VERSION } from '../src/wire/schema.ts';
import { linesOf, livesOf, repeatLives } from './lives.ts';
import { jsonOf } from './ndjson.ts';
import { orphanLines } from './orphans.ts';

/** Real sockets of real causes; see docs/lab.md. */
const SOURCE = new URL('../docs/demo.fwr', import.meta.url);
/** Longer lives are left out: the stream is in balance, as many ends as beginnings, after this. */
const LONGEST_NS = 2e9;
const PER_SECOND = 200_000;
const PIECE = 1 << 20;
/** Bytes of a line in all three files together. */
const BYTES = 1200;

/** The meta of a capture that never ran. */
export const META: Meta = {
  type: 'meta',
  finwait: '0',
  schema: 1,
  wire: WIRE_VERSION,
  bpftrace: '0.23.2',
  kernel: 'bench',
  host: 'bench',
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

/** The beginning of a stream: its handshake, and an empty inventory. */
const HEAD = [`H ${WIRE_VERSION} tracepoint 1000000000000 1795236568.703725`, 'e 1000000000000 0 1 0'];

export const FILES = { recording: 'lines.fwr', text: 'lines.txt', json: 'lines.ndjson' } as const;

const livesOfDemo = () => livesOf(linesOf(readFileSync(SOURCE)), LONGEST_NS);

function* stream(count: number): Generator<string> {
  yield* HEAD;
  let left = count - HEAD.length;
  for (const line of repeatLives(livesOfDemo(), PER_SECOND)) {
    if (left-- <= 0) return;
    yield line;
  }
}

const plainFile = (path: string) => {
  const fd = openSync(path, 'w');
  let piece = '';
  const flush = (): void => {
    for (let bytes = Buffer.from(piece); bytes.length > 0; ) bytes = bytes.subarray(writeSync(fd, bytes));
    piece = '';
  };
  return {
    write: (line: string): void => {
      piece += `${line}\n`;
      if (piece.length >= PIECE) flush();
    },
    end: (): void => {
      flush();
      closeSync(fd);
    },
  };
};

const recordLines = async (path: string, meta: Meta, lines: Iterable<string>): Promise<void> => {
  let drained = Promise.withResolvers<void>();
  const recording = await openRecording(path, () => drained.resolve());
  recording.start(meta);
  for (const line of lines) {
    if (recording.write(line)) continue;
    await drained.promise;
    drained = Promise.withResolvers<void>();
  }
  await recording.end();
};

/** A recording of `count` lines, at 200,000 lines a second of its time. */
export const makeRecording = (path: string, count: number): Promise<void> => recordLines(path, META, stream(count));

/** A recording of so many orphans that stay. */
export const makeOrphans = (path: string, count: number): Promise<void> =>
  recordLines(path, { ...META, min_age_ms: 10 }, [...HEAD, ...orphanLines(livesOfDemo(), count)]);

/** Writes the same lines as a recording, as text and as NDJSON. @throws Error when the disk has no room for them */
export const makeFiles = async (dir: string, count: number): Promise<void> => {
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize < count * BYTES) {
    throw new Error(`${dir} has no room for ${Math.ceil((count * BYTES) / 1e9)} GB: set TMPDIR, or give fewer --lines`);
  }
  const text = plainFile(join(dir, FILES.text));
  const json = plainFile(join(dir, FILES.json));
  await recordLines(
    join(dir, FILES.recording),
    META,
    stream(count).map((line) => {
      text.write(line);
      json.write(jsonOf(line));
      return line;
    }),
  );
  text.end();
  json.end();
};
