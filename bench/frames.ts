import { quantile } from './statistics.ts';

/** bench/on_terminal.py's notes on a program on its terminal. */
export type Seen = {
  /** Seconds since the start, bytes, synchronized updates begun; of each read. */
  readonly chunks: readonly (readonly [number, number, number])[];
  readonly marks: Readonly<Record<string, number | null>>;
  /** Bytes resident when it was told to quit, and at most; null where it ended before. */
  readonly memory: { readonly rss: number; readonly peak: number } | null;
};

export type Frames = {
  readonly perSecond: number;
  readonly gapMs: { readonly median: number | null; readonly p99: number | null; readonly longest: number | null };
};

/** Writes closer to each other than this are one frame, where the terminal is not told where frames begin. */
const BURST_SECONDS = 0.005;

const isChunk = (value: unknown): value is readonly [number, number, number] =>
  Array.isArray(value) && value.length === 3 && value.every((each) => typeof each === 'number');

/** @throws Error for anything else than on_terminal.py prints */
export const parseSeen = (text: string): Seen => {
  const value: unknown = JSON.parse(text);
  const [chunks, marks] =
    typeof value === 'object' && value !== null ? [Reflect.get(value, 'chunks'), Reflect.get(value, 'marks')] : [];
  if (!Array.isArray(chunks) || !chunks.every(isChunk) || typeof marks !== 'object' || marks === null) {
    throw new Error(`on_terminal.py said ${text.slice(0, 200)}`);
  }
  const memory: unknown = Reflect.get(Object(value), 'memory');
  const [rss, peak]: readonly unknown[] = Array.isArray(memory) ? memory : [];
  return {
    chunks,
    memory: typeof rss === 'number' && typeof peak === 'number' ? { rss: rss * 1024, peak: peak * 1024 } : null,
    marks: Object.fromEntries(Object.entries(marks).map(([mark, at]) => [mark, typeof at === 'number' ? at : null])),
  };
};

/** The times at which frames began: at synchronized updates if there are any, else at the first write after a rest. */
export const frameTimes = ({ chunks }: Pick<Seen, 'chunks'>): readonly number[] => {
  const updates = chunks.flatMap(([at, , begun]) => (begun > 0 ? [at] : []));
  if (updates.length > 0) return updates;
  return chunks.flatMap(([at], i) =>
    at - (chunks[i - 1]?.[0] ?? Number.NEGATIVE_INFINITY) > BURST_SECONDS ? [at] : [],
  );
};

/** Frames between two moments, and the time from one to the next. */
export const framesBetween = (seen: Pick<Seen, 'chunks'>, from: number, to: number): Frames => {
  const times = frameTimes(seen).filter((at) => at >= from && at <= to);
  const gaps = times.slice(1).map((at, i) => (at - (times[i] ?? 0)) * 1000);
  return {
    perSecond: times.length / (to - from),
    gapMs: { median: quantile(gaps, 0.5), p99: quantile(gaps, 0.99), longest: quantile(gaps, 1) },
  };
};
