import { WIRE_VERSION } from '../schema.ts';
import { appendWords, inTurn, type Step, sameLines } from './step.ts';

/** The step from version 1 to 2, from 2 to 3, and so on. */
export const STEPS: readonly Step[] = [
  // Version 2 adds the lines W and V; all others are the same.
  sameLines,
  // Version 3 has E lines, which version 2 has not; bits that were 0 before; all others are the same.
  sameLines,
  // Version 4 adds the lines P and U; the CPU of a line, in bits that were 0 or in a last word; and a word of ticks.
  inTurn(appendWords('VWX', '0'), appendWords('C', '0 0')),
];

/** True if this program reads streams of this version. */
export const canRead = (version: number): boolean => version >= 1 && version <= WIRE_VERSION;

/**
 * Makes lines of an older version into lines of this program's version.
 *
 * @param version - the handshake's
 * @returns null where there is nothing to do: the version is this program's, or one that it cannot read
 */
export const upgradeFrom = (version: number, steps = STEPS): Step | null => {
  const missing = (version >= 1 ? steps.slice(version - 1) : []).filter((step) => step !== sameLines);
  return missing.length === 0 ? null : (line) => missing.reduce((text, step) => step(text), line);
};
