import { InvalidArgumentError } from 'commander';
import { BACKENDS, type Backend } from '../capture/kernel/backend.ts';
import { CAUSES } from '../explain/causes/order.ts';
import type { Cause } from '../explain/close-path.ts';
import { TCP_STATES, type TcpState } from '../kernel/tcp-state.ts';
import { NO_FILTER, type PathFilter } from '../stream/filter.ts';

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The longest that a Node timer waits; beyond it, it would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** `10ms`, `30s`, `2m`, or 0; milliseconds. @throws InvalidArgumentError without a unit, or above 24 days */
export const parseDuration = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text);
  if (match === null) {
    if (text === '0') return 0;
    throw new InvalidArgumentError('give a number and a unit: 500us, 10ms, 30s, 2m, 1h');
  }
  const ms = Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
  if (ms > LONGEST_MS) throw new InvalidArgumentError('give at most 596h');
  return ms;
};

export const parsePorts = (text: string): readonly number[] =>
  text.split(',').map((part) => {
    const port = Number(part);
    if (!/^\d+$/.test(part) || port > 65_535) {
      throw new InvalidArgumentError('give ports from 0 to 65535, separated by commas');
    }
    return port;
  });

export const parseCount = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('give a whole number');
  return Number(text);
};

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

export const parsePositive = (text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('give a whole number from 1 to 9999');
  return Number(text);
};

export const parseSpeed = (text: string): number => {
  const speed = text === 'max' ? Number.POSITIVE_INFINITY : Number(text.replace(/x$/, ''));
  if (!(speed > 0)) throw new InvalidArgumentError("give a factor above 0, as in 10, or 'max'");
  return speed;
};

export const parseState = (text: string): TcpState => {
  const wanted = text
    .toUpperCase()
    .replaceAll('-', '_')
    .replace(/^TCP_/, '')
    .replace(/_(\d)$/, '$1');
  const state = TCP_STATES.slice(1).find((name) => name === wanted);
  if (state === undefined) throw new InvalidArgumentError(`give a TCP state: ${TCP_STATES.slice(1).join(', ')}`);
  return state;
};

export const parseBackend = (text: string): Backend | 'auto' => {
  const backend = BACKENDS.find((name) => name === text);
  if (backend === undefined && text !== 'auto') {
    throw new InvalidArgumentError(`give auto, ${BACKENDS.join(', ')}`);
  }
  return backend ?? 'auto';
};

/** The options that `trace`, `top`, `record` and `explain` share, as commander leaves them. */
export type SharedOptions = {
  readonly backend: Backend | 'auto';
  readonly pid?: number;
  readonly lport?: readonly number[];
  readonly dport?: readonly number[];
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly netns?: number;
  readonly comm?: string;
  readonly state?: TcpState;
  readonly minAge?: number;
  readonly duration?: number;
  readonly strict?: boolean;
  readonly record?: string;
  /** Places of each map of the probes, where the host's own measure is not wanted: tests fill small ones. */
  readonly mapKeys?: number;
};

/** What dies sooner is only counted, unless `--min-age` says otherwise: what `top`, `record` and `explain` look for. */
const USUAL_MIN_AGE_MS = 10;

/** How long a socket has been dying when the probes announce it, ms. */
export const minAgeOf = (options: SharedOptions): number => options.minAge ?? USUAL_MIN_AGE_MS;

export const filterOf = (options: SharedOptions): PathFilter => {
  const filter: PathFilter = {
    pid: options.pid ?? null,
    localPorts: options.lport ?? [],
    remotePorts: options.dport ?? [],
    family: options.ipv4 === true ? 'ipv4' : options.ipv6 === true ? 'ipv6' : null,
    netns: options.netns ?? null,
    comm: options.comm ?? null,
    state: options.state ?? null,
    minAgeUs: (options.minAge ?? 0) * 1000,
  };
  return Object.keys(given(filter)).length === 0 ? NO_FILTER : filter;
};

/** The filters as they are noted in `meta`: those that were given, as text, named as all of the JSON is. */
export const filterTexts = (options: SharedOptions): Record<string, string> => given(filterOf(options));

/** Filters that the kernel does not apply: all where each close is announced, the state where not. */
export const idleFilters = (options: SharedOptions): readonly string[] => {
  const { min_age_us, ...given } = filterTexts(options);
  return Object.keys(given).filter((name) => name === 'state' || minAgeOf(options) === 0);
};

const given = (filter: PathFilter): Record<string, string> =>
  Object.fromEntries(
    Object.entries(filter)
      .filter(([, value]) => value !== null && value !== 0 && !(Array.isArray(value) && value.length === 0))
      .map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), String(value)]),
  );
