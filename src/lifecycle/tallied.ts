import { TALLY, type Tally } from '../wire/event.ts';
import type { Pressure } from './sock.ts';

/** One class of deaths that were only counted, and how many of them came while the host was at one of its limits. */
export type Tallied = Tally & {
  /** With as many orphans as net.ipv4.tcp_max_orphans, and TCP's memory known to be below tcp_mem's third figure. */
  readonly atOrphanLimit: number;
  /** With TCP's memory above that figure, and orphans known to be below their limit. */
  readonly overMemory: number;
};

/** The class after `more` deaths in it. @param before - as it was; undefined for the first */
export const tallyOn = (event: Tally, more: number, before: Tallied | undefined, pressure: Pressure): Tallied => {
  const { orphans, limit, memPages, memHigh } = pressure;
  const isFull = orphans === null || limit === null ? null : orphans >= limit;
  const isOver = memPages === null || memHigh === null ? null : memPages > memHigh;
  return {
    ...event,
    atOrphanLimit: (before?.atOrphanLimit ?? 0) + (isFull === true && isOver === false ? more : 0),
    overMemory: (before?.overMemory ?? 0) + (isOver === true && isFull === false ? more : 0),
  };
};

/** A key that is the same for lines of the same class. */
export const classOf = ({ via, exiting, closedIn, lastFrom, err, reset, marks, size }: Tally): string =>
  [via, exiting, closedIn, lastFrom, err, reset, marks, size].join(' ');

/** The class that a correction corrects has this key; its own, of any other. */
export const correctedClassOf = (tally: Tally): string => classOf({ ...tally, marks: tally.marks & ~TALLY.answered });
