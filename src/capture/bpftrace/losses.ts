import { ownLine } from '../../wire/own-lines.ts';
import { createSums } from './sums.ts';

/** Lines of losses: each is folded. */
const LOSS_EVERY_MS = 100;
/** A person reads of full maps at most this often. */
const FULL_EVERY_MS = 1000;

export type Losses = {
  /** So many events were lost, and why. */
  readonly lost: (count: number, where: string) => void;
  /** bpftrace said that a map is full. @param at - the line of the script that would put into it; null: not said */
  readonly mapFull: (at: number | null) => void;
  /** Puts what was not put yet: the capture ends. */
  readonly flush: () => void;
};

/**
 * Puts losses into the stream, and words about full maps; sums up whatever repeats.
 *
 * @param put - takes the wire's lines
 * @param now - boot clock, ns
 */
export const createLosses = (put: (line: string) => void, now: () => bigint): Losses => {
  const losses = createSums(LOSS_EVERY_MS, (count, where) => put(ownLine.lost(now(), count, where)));
  const fullMaps = createSums(FULL_EVERY_MS, (count, where) =>
    put(
      ownLine.notice(
        now(),
        `a BPF map is full: bpftrace could not keep an entry${where}${count === 1 ? '' : ` (${count} times)`}`,
      ),
    ),
  );
  return {
    lost: losses.add,
    // Not in bpftrace's own words: the stream has nothing that finwait did not write or read as a number.
    mapFull: (at) => fullMaps.add(1, at === null ? '' : `, line ${at} of its script`),
    flush: () => {
      losses.flush();
      fullMaps.flush();
    },
  };
};
