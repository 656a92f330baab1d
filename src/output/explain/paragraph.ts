import { type Printable, printable, repeated, safe } from '../../text/printable.ts';
import { wrapProse } from '../../text/prose.ts';
import { toWidth } from '../../text/width.ts';

/** Text on lines of at most `width` columns, each after `indent` spaces, made harmless. */
export const paragraph = (text: string, width: number, indent = 0): readonly Printable[] =>
  wrapProse(text, width - indent).map((line) => safe`${repeated(' ', indent)}${line}`);

/** `label  text`: further lines stand below the text. */
export const labelled = (
  label: string,
  text: string,
  width: number,
  labelWidth: number,
  indent = 2,
): readonly Printable[] =>
  wrapProse(text, width - indent - labelWidth - 1).map(
    (line, index) => safe`${repeated(' ', indent)}${toWidth(index === 0 ? printable(label) : '', labelWidth)} ${line}`,
  );

/** `- text`: further lines stand below the text. */
export const bullet = (text: string, width: number, indent = 2): readonly Printable[] =>
  wrapProse(text, width - indent - 2).map(
    (line, index) => safe`${repeated(' ', indent)}${index === 0 ? '- ' : '  '}${line}`,
  );
