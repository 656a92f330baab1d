import { EXIT, Fault } from '../kernel/fault.ts';
import { BOUNDS, boundedText } from '../wire/bounds.ts';
import type { ClockReading, Meta } from '../wire/meta.ts';

/** No capture is of sockets older than a day, ms. */
const MAX_MIN_AGE_MS = 86_400_000;

/** Version of the recording's own layout: a zstd frame of lines, the first the meta as JSON. */
export const RECORDING_SCHEMA = 1;
/** zstd's magic number. @see RFC 8878, 3.1.1 */
export const ZSTD_MAGIC: readonly number[] = [0x28, 0xb5, 0x2f, 0xfd];
/** How the first line begins, as the writer's JSON has it. */
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
  if (!isRecord(value) || value['type'] !== 'meta') throw badRecording.foreign(name);
  const schema = value['schema'];
  if (typeof schema !== 'number') throw badRecording.foreign(name);
  if (schema > RECORDING_SCHEMA) throw badRecording.newer(name, schema);
  const text = (key: string): string => {
    const field = value[key];
    return typeof field === 'string' ? boundedText(field) : 'unknown';
  };
  const number = (key: string): number | null => {
    const field = value[key];
    return typeof field === 'number' && Number.isFinite(field) ? field : null;
  };
  const minAge = number('min_age_ms');
  return {
    type: 'meta',
    finwait: text('finwait'),
    schema,
    wire: number('wire') ?? 1,
    bpftrace: text('bpftrace'),
    kernel: text('kernel'),
    host: text('host'),
    backend: text('backend'),
    boot_offset_ns: text('boot_offset_ns'),
    started_at: text('started_at'),
    pid: number('pid') ?? 0,
    netns: number('netns'),
    hz: number('hz'),
    jiffies: clockReading(value['jiffies']),
    reorder_window_ms: Math.min(2000, Math.max(0, number('reorder_window_ms') ?? 50)),
    // Not in the first recordings: those announced at once.
    ...(minAge === null ? {} : { min_age_ms: Math.min(MAX_MIN_AGE_MS, Math.max(0, minAge)) }),
    reset_reasons: texts(value['reset_reasons']),
    sysctls: Object.fromEntries(
      Object.entries(isRecord(value['sysctls']) ? value['sysctls'] : {})
        .slice(0, BOUNDS.metaNames)
        .map(([netns, names]) => [boundedText(netns), texts(names)]),
    ),
    filters: texts(value['filters']),
  };
};

/** Absent from early recordings. */
const clockReading = (field: unknown): ClockReading | null => {
  if (!isRecord(field)) return null;
  const { value, boot_ns, monotonic_ns } = field;
  const isValue = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
  return isValue && isDecimal(boot_ns) && isDecimal(monotonic_ns) ? { value, boot_ns, monotonic_ns } : null;
};

const isDecimal = (field: unknown): field is string => typeof field === 'string' && /^\d{1,20}$/.test(field);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(isRecord(value) ? value : {})
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      .slice(0, BOUNDS.metaNames)
      .map(([name, text]) => [boundedText(name), boundedText(text)]),
  );
