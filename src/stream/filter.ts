import type { ClosePath, Dying } from '../explain/close-path.ts';

/** What a path must be to be shown. The ledger is never filtered: it counts the whole host. */
export type PathFilter = {
  readonly pid: number | null;
  readonly localPorts: readonly number[];
  readonly remotePorts: readonly number[];
  readonly family: 'ipv4' | 'ipv6' | null;
  readonly netns: number | null;
  readonly comm: string | null;
  /** A state that the path goes through, was closed in, or is in: of one older than the capture no other is known. */
  readonly state: string | null;
  /** Shortest dying time shown, µs; a path whose close was not observed passes. */
  readonly minAgeUs: number;
};

export const NO_FILTER: PathFilter = {
  pid: null,
  localPorts: [],
  remotePorts: [],
  family: null,
  netns: null,
  comm: null,
  state: null,
  minAgeUs: 0,
};

/** The filter as the command line has it: `-p 123 --state CLOSING`; empty where nothing is filtered. */
export const filterText = (filter: PathFilter): string => {
  const parts: readonly (readonly [string, string | number | null])[] = [
    ['-p', filter.pid],
    ['-L', filter.localPorts.join(',') || null],
    ['-D', filter.remotePorts.join(',') || null],
    [filter.family === 'ipv6' ? '-6' : '-4', filter.family === null ? null : ''],
    ['--netns', filter.netns],
    ['--comm', filter.comm],
    ['--state', filter.state],
    ['--min-age', filter.minAgeUs === 0 ? null : `${filter.minAgeUs / 1000}ms`],
  ];
  return parts.flatMap(([name, value]) => (value === null ? [] : [`${name} ${value}`.trimEnd()])).join(' ');
};

export const passes = (path: ClosePath | Dying, filter: PathFilter): boolean =>
  (filter.pid === null || path.closer?.pid === filter.pid) &&
  (filter.comm === null || path.closer?.comm === filter.comm) &&
  (filter.localPorts.length === 0 || filter.localPorts.includes(path.lport)) &&
  (filter.remotePorts.length === 0 || filter.remotePorts.includes(path.rport)) &&
  (filter.family === null || path.family === filter.family) &&
  (filter.netns === null || path.netns === filter.netns) &&
  (filter.state === null ||
    path.state === filter.state ||
    path.closed_in === filter.state ||
    path.path.some((step) => step.from === filter.state || step.to === filter.state)) &&
  (path.dying_us === null || path.dying_us >= filter.minAgeUs);
