/**
 * Makes a line of one wire version into a line of the next. Lines that did not change come back as they are, and so
 * does whatever is no good line: the decoder finds it malformed. A step never changes again once its version is out.
 */
export type Step = (line: string) => string;

/** A step to a version that has the same lines and more: nothing is to be done. */
export const sameLines: Step = (line) => line;

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
