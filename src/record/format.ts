import * as v from 'valibot';
import { EXIT, Fault } from '../kernel/fault.ts';
import { BOUNDS, boundedText } from '../wire/bounds.ts';
import type { Meta } from '../wire/meta.ts';

/** No capture is of sockets older than a day, ms. */
const MAX_MIN_AGE_MS = 86_400_000;

/** Version of the recording's own layout: a zstd frame of lines, the first the meta as JSON. */
export const RECORDING_SCHEMA = 1;
/** zstd's magic number. @see RFC 8878, 3.1.1 */
export const ZSTD_MAGIC: readonly number[] = [0x28, 0xb5, 0x2f, 0xfd];
/** The beginning of the first line, as the writer's JSON has it. */
const META_START = '{"type":"meta"';
/** The last line of a recording that was ended properly. */
export const TRAILER = '# end';

const bad = (name: string, what: string, remedy: string): Fault =>
  new Fault(`${name}: ${what}`, {
    why: "a recording begins with a zstd frame whose first line is finwait's meta",
    remedy,
    exitCode: EXIT.failed,
  });

export const badRecording = {
  empty: (name: string): Fault => bad(name, 'is empty', 'record again: finwait record -o FILE'),
  foreign: (name: string): Fault => bad(name, 'is not a finwait recording', 'give a file that finwait record wrote'),
  headless: (name: string): Fault =>
    bad(name, 'is cut off before its first line', 'record again: nothing of it can be read'),
  farBack: (name: string): Fault =>
    bad(
      name,
      `is packed with a window above ${2 ** (BOUNDS.windowLog - 20)} MB: it is not read, since the window takes as much memory`,
      'if you trust it: zstd -d --long=31 --stdout FILE | zstd | finwait replay -',
    ),
  newer: (name: string, schema: number): Fault =>
    bad(
      name,
      `is a recording of schema ${schema}; this finwait reads up to ${RECORDING_SCHEMA}`,
      'read it with the finwait that wrote it, or a newer one',
    ),
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field that is missing or of another kind is unknown: recordings of other versions are read all the same. */
const text = v.fallback(v.pipe(v.string(), v.transform(boundedText)), 'unknown');
const number = v.pipe(v.number(), v.finite());
const maybe = v.fallback(v.nullable(number), null);
const clamped = (most: number) =>
  v.pipe(
    number,
    v.transform((value) => Math.min(most, Math.max(0, value))),
  );
const decimal = v.pipe(v.string(), v.regex(/^\d{1,20}$/));
const clockReading = v.object({
  value: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 1)),
  boot_ns: decimal,
  monotonic_ns: decimal,
});
/** The entries of an object that are good, no more than a meta may have. */
const entries = <T extends v.GenericSchema>(value: T) =>
  v.fallback(
    v.pipe(
      v.custom<Record<string, unknown>>(isRecord),
      v.transform(
        (fields): Record<string, v.InferOutput<T>> =>
          Object.fromEntries(
            Object.entries(fields)
              .filter(([, field]) => v.is(value, field))
              .slice(0, BOUNDS.metaNames)
              .map(([name, field]) => [boundedText(name), v.parse(value, field)]),
          ),
      ),
    ),
    {},
  );
const texts = entries(v.pipe(v.string(), v.transform(boundedText)));

const metaShape = v.object({
  type: v.literal('meta'),
  finwait: text,
  schema: v.number(),
  wire: v.fallback(number, 1),
  bpftrace: text,
  kernel: text,
  host: text,
  backend: text,
  boot_offset_ns: text,
  started_at: text,
  pid: v.fallback(number, 0),
  netns: maybe,
  hz: maybe,
  // Absent from early recordings.
  jiffies: v.fallback(v.nullable(clockReading), null),
  reorder_window_ms: v.fallback(clamped(2000), 50),
  // Not in the first recordings: those announced at once.
  min_age_ms: v.exactOptional(v.fallback(clamped(MAX_MIN_AGE_MS), 0)),
  reset_reasons: texts,
  sysctls: entries(texts),
  filters: texts,
});

/**
 * Checks the first line of a recording.
 *
 * @param name - the file, for messages
 * @throws Fault (exit 1) when it is no meta of a schema this program reads
 */
export const parseMeta = (line: string, name: string): Meta => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    const isTorn = line.startsWith(META_START) || META_START.startsWith(line);
    throw isTorn ? badRecording.headless(name) : badRecording.foreign(name);
  }
  const read = v.safeParse(metaShape, value);
  if (!read.success) throw badRecording.foreign(name);
  if (read.output.schema > RECORDING_SCHEMA) throw badRecording.newer(name, read.output.schema);
  return read.output;
};
