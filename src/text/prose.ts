import { type Printable, printable, trusted } from './printable.ts';
import { wrapWords } from './width.ts';

const GLUE = '\u00a0';

/**
 * Words on lines of at most `width` columns, harmless whatever is in them. `~`, the mark of doubt, stays with the word
 * that it marks, or that says why.
 */
export const wrapProse = (text: string, width: number): readonly Printable[] => {
  const glued = printable(text)
    .replaceAll(/(^| )~ (?=\S)/g, `$1~${GLUE}`)
    .replaceAll(/ (?=~$|\(~\))/g, GLUE);
  return wrapWords(trusted(glued), width).map((line) => trusted(line.replaceAll(GLUE, ' ')));
};
