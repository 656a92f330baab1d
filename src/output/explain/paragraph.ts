import { printable } from '../../text/printable.ts';
import { toWidth, widthOf, wrapWords } from '../../text/width.ts';

const GLUE = '\u00a0';

/** Words on lines; the mark of doubt stays with the word that it marks, or that says why. Hostile text is printable. */
const wrapped = (text: string, width: number): readonly string[] => {
  const glued = printable(text)
    .replaceAll(/(^| )~ (?=\S)/g, `$1~${GLUE}`)
    .replaceAll(/ (?=~$|\(~\))/g, GLUE);
  return wrapWords(glued, width).map((line) => line.replaceAll(GLUE, ' '));
};

/** Text on lines of at most `width` columns, each after `indent` spaces; harmless whatever is in it. */
export const paragraph = (text: string, width: number, indent = 0): readonly string[] =>
  wrapped(text, width - indent).map((line) => `${' '.repeat(indent)}${line}`);

/** `label  text`, the text's further lines below its first. */
export const labelled = (
  label: string,
  text: string,
  width: number,
  labelWidth: number,
  indent = 2,
): readonly string[] =>
  wrapped(text, width - indent - labelWidth - 1).map(
    (line, index) => `${' '.repeat(indent)}${toWidth(index === 0 ? label : '', labelWidth)} ${line}`,
  );

/** `- text`, the further lines below the text. */
export const bullet = (text: string, width: number, indent = 2): readonly string[] =>
  wrapped(text, width - indent - 2).map((line, index) => `${' '.repeat(indent)}${index === 0 ? '- ' : '  '}${line}`);

export const padLeft = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text))) + text;
