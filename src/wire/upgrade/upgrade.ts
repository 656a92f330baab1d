import { WIRE_VERSION } from '../schema.ts';
import { type Step, sameLines } from './step.ts';

/** The step from version 1 to 2, from 2 to 3, and so on. */
export const STEPS: readonly Step[] = [
  // Version 2 has lines that version 1 has not, W and V; all others are the same.
  sameLines,
  // Version 3 has E lines, which version 2 has not; bits that were 0 before; all others are the same.
  sameLines,
];

/** Whether this program reads streams of such a version. */
export const canRead = (version: number): boolean => version >= 1 && version <= WIRE_VERSION;

/**
 * Makes lines of an older version into lines of this program's.
 *
 * @param version - as the handshake says
 * @returns null where nothing is to be done: the version is this program's, or one that it cannot read
 */
export const upgradeFrom = (version: number, steps = STEPS): Step | null => {
  const missing = (version >= 1 ? steps.slice(version - 1) : []).filter((step) => step !== sameLines);
  return missing.length === 0 ? null : (line) => missing.reduce((text, step) => step(text), line);
};
