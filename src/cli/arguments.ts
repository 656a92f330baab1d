import { InvalidArgumentError, Option } from 'commander';
import { BACKENDS, type Backend } from '../capture/kernel/backend.ts';
import { CAUSES } from '../explain/causes/order.ts';
import type { Cause } from '../explain/close-path.ts';
import { filterOf, givenFilters } from '../filter/filter.ts';
import { Refused, readCount, readDuration } from '../filter/read.ts';
import { FILTER_ROWS, type FilterOptions } from '../filter/table.ts';
import { EXIT, Fault } from '../kernel/fault.ts';
import { FORMATS, type Format } from '../output/formats.ts';

/** A reader of texts, as commander wants it. */
const argument =
  <T>(read: (text: string) => T) =>
  (text: string): T => {
    try {
      return read(text);
    } catch (error) {
      throw error instanceof Refused ? new InvalidArgumentError(error.message) : error;
    }
  };

export const parseDuration = argument(readDuration);
export const parseCount = argument(readCount);

/** The length of a run. A run of no time would show nothing, and look as if there were nothing. */
export const parseRunTime = (text: string): number => {
  const ms = parseDuration(text);
  if (ms === 0) throw new InvalidArgumentError('give a time above 0, as 30s; without it the run ends with Ctrl+C');
  return ms;
};

/** The options of the filter table. */
export const filterOptions = (): readonly Option[] =>
  FILTER_ROWS.flatMap(([, filter]) =>
    filter.options.map((each) => {
      const option = new Option(each.flags, each.help);
      if (each.conflicts !== undefined) option.conflicts(each.conflicts);
      return 'means' in each ? option : option.argParser(argument(each.read));
    }),
  );

/** Rows kept in memory: a number that a person reads. */
export const parseLimit = (text: string): number => {
  const limit = parseCount(text);
  if (limit < 1 || limit > 1000) throw new InvalidArgumentError('give a number from 1 to 1000');
  return limit;
};

export const parseCause = (text: string): Cause => {
  const note = CAUSES.find(({ name }) => name === text);
  if (note === undefined) {
    throw new InvalidArgumentError(`give one of ${CAUSES.map(({ name }) => name).join(', ')}`);
  }
  return note.name;
};

export const formatsHelp = Object.entries(FORMATS)
  .map(([name, { help }]) => `${name} (${help})`)
  .join('; ');

export const parseFormat = (text: string): Format => {
  const format = Object.hasOwn(FORMATS, text) ? FORMATS[text] : undefined;
  if (format === undefined) throw new InvalidArgumentError(`give one of ${Object.keys(FORMATS).join(', ')}`);
  return format;
};

export const parsePositive = (text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('give a whole number from 1 to 9999');
  return Number(text);
};

export const parseSpeed = (text: string): number => {
  const speed = text === 'max' ? Number.POSITIVE_INFINITY : Number(text.replace(/x$/, ''));
  if (!(speed > 0)) throw new InvalidArgumentError("give a factor above 0, as in 10, or 'max'");
  return speed;
};

export const parseBackend = (text: string): Backend | 'auto' => {
  const backend = BACKENDS.find((name) => name === text);
  if (backend === undefined && text !== 'auto') {
    throw new InvalidArgumentError(`give auto, ${BACKENDS.join(', ')}`);
  }
  return backend ?? 'auto';
};

/** The options that `trace`, `top`, `record` and `explain` share, as commander leaves them. */
export type SharedOptions = FilterOptions & {
  readonly backend: Backend | 'auto';
  readonly duration?: number;
  readonly strict?: boolean;
  readonly record?: string;
  /** Places of each map of the probes, where the host's own measure is not wanted: tests fill small ones. */
  readonly mapKeys?: number;
};

/**
 * The age for `top`, `record` and `explain` unless `--min-age` says otherwise: sockets that die sooner are only
 * counted.
 */
const USUAL_MIN_AGE_MS = 10;

/** The time that a socket has been dying when the probes announce it, ms. */
export const minAgeOf = (options: SharedOptions): number => options.minAge ?? USUAL_MIN_AGE_MS;

/**
 * The most that the probes defer, ms. A sample of the kernel's count waits until all that was closed before it has been
 * announced; one comes a second, and `BOUNDS.samples` of them, 512, may wait.
 */
const MOST_MIN_AGE_MS = 300_000;

/** @throws Fault (exit 2) for an age that a live capture cannot wait for; a recording may be asked for any */
export const checkMinAge = (minAgeMs: number): void => {
  if (minAgeMs <= MOST_MIN_AGE_MS) return;
  throw new Fault('--min-age is too long for a live capture: it takes 5m at most', {
    why: 'no socket would be told of before it is that old, and the count of orphans could not be compared with the kernel for as long',
    remedy:
      'finwait record -o FILE --min-age 5m, then ask the recording for the older ones: finwait trace --min-age 1h FILE',
    exitCode: EXIT.usage,
  });
};

/** Filters that the kernel does not apply. If each close is announced, it applies none. */
export const idleFilters = (options: SharedOptions): readonly string[] =>
  givenFilters(filterOf(options))
    .filter(([{ probe }, value]) =>
      probe.tells === 'nothing'
        ? probe.instead === 'finwait'
        : minAgeOf(options) === 0 || probe.condition(value) === null,
    )
    .map(([{ meta }]) => meta);
