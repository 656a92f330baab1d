/**
 * Makes a line of one wire version into a line of the next. Unchanged lines come back as they are, and so do bad ones:
 * the decoder finds them malformed. A step never changes again once its version is out.
 */
export type Step = (line: string) => string;

/** A step to a version that only adds lines: there is nothing to do. */
export const sameLines: Step = (line) => line;

/** A step that puts words at the end of lines of some letters. @param words - the texts that mean unknown there */
export const appendWords =
  (letters: string, words: string): Step =>
  (line) =>
    letters.includes(line.charAt(0)) && line.charAt(1) === ' ' ? `${line} ${words}` : line;

/** One step after the other. */
export const inTurn =
  (...steps: readonly Step[]): Step =>
  (line) =>
    steps.reduce((text, step) => step(text), line);

/**
 * A step that puts a word into lines of some letters.
 *
 * @param behind - words before it, the letter being one
 * @param word - the text that means unknown there
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
