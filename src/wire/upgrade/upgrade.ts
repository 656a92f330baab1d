import { WIRE_VERSION } from '../schema.ts';

/**
 * Makes a line of one wire version into a line of the next. Lines that did not change come back as they are, and so
 * does whatever is no good line: the decoder finds it malformed. A step never changes again once its version is out.
 */
export type Step = (line: string) => string;

/** The step from version 1 to 2, from 2 to 3, and so on. */
const STEPS: readonly Step[] = [];

/** Whether this program reads streams of such a version. */
export const canRead = (version: number): boolean => version >= 1 && version <= WIRE_VERSION;

/**
 * Makes lines of an older version into lines of this program's.
 *
 * @param version - as the handshake says
 * @returns null where nothing is to be done: the version is this program's, or one that it cannot read
 */
export const upgradeFrom = (version: number, steps = STEPS): Step | null => {
  const missing = version >= 1 ? steps.slice(version - 1) : [];
  return missing.length === 0 ? null : (line) => missing.reduce((text, step) => step(text), line);
};

/**
 * A step that puts a word into lines of some letters.
 *
 * @param behind - words that come before it, the letter being one
 * @param word - what means unknown there
 */
export const insertWord =
  (letters: string, behind: number, word: string): Step =>
  (line) => {
    if (!letters.includes(line.charAt(0)) || line.charAt(1) !== ' ') return line;
    let at = -1;
    for (let i = 0; i < behind; i++) {
      at = line.indexOf(' ', at + 1);
      if (at < 0) return line;
    }
    return `${line.slice(0, at)} ${word}${line.slice(at)}`;
  };
