import { TALLY, type Tally } from '../wire/event.ts';
import type { Pressure } from './sock.ts';

/** One class of deaths that were only counted, and how many of them came while the host was at one of its limits. */
export type Tallied = Tally & {
  /** With orphans near net.ipv4.tcp_max_orphans, and TCP's memory known not to be near tcp_mem's third figure. */
  readonly atOrphanLimit: number;
  /** With TCP's memory near that figure, and orphans known not to be near their limit. */
  readonly atMemoryLimit: number;
};

/**
 * Counts come once a second, and each kill takes one off the count that passed its limit: near is seven eighths of it.
 */
export const isNear = (figure: number | null, limit: number | null): boolean | null =>
  figure === null || limit === null ? null : figure * 8 >= limit * 7;

/** The class after `more` deaths in it. @param before - the class so far; undefined for the first */
export const tallyOn = (event: Tally, more: number, before: Tallied | undefined, pressure: Pressure): Tallied => {
  const { orphans, limit, memPages, memHigh } = pressure;
  const areOrphans = isNear(orphans, limit);
  const isMemory = isNear(memPages, memHigh);
  return {
    ...event,
    atOrphanLimit: (before?.atOrphanLimit ?? 0) + (areOrphans === true && isMemory === false ? more : 0),
    atMemoryLimit: (before?.atMemoryLimit ?? 0) + (isMemory === true && areOrphans === false ? more : 0),
  };
};

/** The key of a class: all its lines have the same one. */
export const classOf = ({ via, exiting, closedIn, lastFrom, err, reset, marks, size }: Tally): string =>
  [via, exiting, closedIn, lastFrom, err, reset, marks, size].join(' ');

/** The key of the class that a correction corrects; the own key of any other class. */
export const correctedClassOf = (tally: Tally): string => classOf({ ...tally, marks: tally.marks & ~TALLY.answered });
