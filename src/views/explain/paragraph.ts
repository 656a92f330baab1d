import { printable } from '../top/printable.ts';
import { toWidth, widthOf, wrapWords } from '../top/width.ts';

/** Text on lines of at most `width` columns, each after `indent` spaces; harmless whatever is in it. */
export const paragraph = (text: string, width: number, indent = 0): readonly string[] =>
  wrapWords(printable(text), width - indent).map((line) => `${' '.repeat(indent)}${line}`);

/** `label  text`, the text's further lines below its first. */
export const labelled = (
  label: string,
  text: string,
  width: number,
  labelWidth: number,
  indent = 2,
): readonly string[] =>
  wrapWords(printable(text), width - indent - labelWidth - 1).map(
    (line, index) => `${' '.repeat(indent)}${toWidth(index === 0 ? label : '', labelWidth)} ${line}`,
  );

/** `- text`, the further lines below the text. */
export const bullet = (text: string, width: number, indent = 2): readonly string[] =>
  wrapWords(printable(text), width - indent - 2).map(
    (line, index) => `${' '.repeat(indent)}${index === 0 ? '- ' : '  '}${line}`,
  );

export const padLeft = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text))) + text;
