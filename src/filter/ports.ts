import { Refused } from './read.ts';

/** Ports from one to another, both of them included. */
export type PortRange = readonly [from: number, to: number];

/**
 * The comparisons of one option that the probes load on bpftrace 0.17, with a margin of two: 512 for each of -L and -D were
 * loaded, 1,024 were not (docs/probes.md). A single port is one; a range takes two, and four that put its bytes in order.
 */
const MOST = 256;
const RANGE = 4;
const HIGHEST = 65_535;

/**
 * `443`, `80,443` or `9000-9100,443`: sorted, and ports side by side are one range.
 *
 * @throws Refused for anything but ports, and for more ranges than the probes can compare
 */
export const readPorts = (text: string): readonly PortRange[] => {
  const given = text.split(',').map((part): PortRange => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (match === null || from > HIGHEST || to > HIGHEST) {
      throw new Refused('give ports from 0 to 65535 and ranges of them, separated by commas: 80,443,9000-9100');
    }
    if (from > to) throw new Refused(`give the lower port of a range first: ${to}-${from}`);
    return [from, to];
  });
  const merged: PortRange[] = [];
  for (const [from, to] of given.toSorted((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last === undefined || from > last[1] + 1) merged.push([from, to]);
    else merged[merged.length - 1] = [last[0], Math.max(last[1], to)];
  }
  const cost = costOf(merged);
  if (cost > MOST) {
    throw new Refused(
      `give at most ${MOST} ports, where a range counts as ${RANGE}: these count as ${cost}, and the kernel would not load the probes. Wider ranges count less; or record without them, and filter when the recording is read`,
    );
  }
  return merged;
};

const costOf = (ports: readonly PortRange[]): number =>
  ports.reduce((sum, [from, to]) => sum + (from === to ? 1 : RANGE), 0);

/** The ports as the option takes them. */
export const portsText = (ports: readonly PortRange[]): string =>
  ports.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');

export const hasPort = (ports: readonly PortRange[], port: number): boolean =>
  ports.some(([from, to]) => port >= from && port <= to);

const isPort = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= HIGHEST;

const isRange = (value: unknown): boolean => {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [from, to]: readonly unknown[] = value;
  return isPort(from) && isPort(to) && from <= to;
};

export const isPorts = (value: unknown): value is readonly PortRange[] =>
  Array.isArray(value) && value.every(isRange) && costOf(value) <= MOST;
