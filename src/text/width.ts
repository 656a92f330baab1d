import { createRequire } from 'node:module';
import type stringWidth from 'string-width';
import { type Printable, type Safe, trusted } from './printable.ts';

const ELLIPSIS = '…';
/** Each of these takes one column. */
const SIMPLE = /^[\x20-\x7e…▲▼]*$/;

const load = createRequire(import.meta.url);
let measure: typeof stringWidth | null = null;

/** string-width takes 50 ms of CPU time to load: neither the first frame nor a run without such text waits for it. */
const measured = (text: string): number => {
  measure ??= (load('string-width') as { readonly default: typeof stringWidth }).default;
  return measure(text);
};

/** Columns a text takes on a screen; 2 for CJK, 0 for a combining mark. */
export const widthOf = (text: string): number => (SIMPLE.test(text) ? text.length : measured(text));

let segmenter: Intl.Segmenter | null = null;

/** The characters as people see them. */
const graphemesOf = (text: string): Iterable<{ readonly segment: string }> => {
  segmenter ??= new Intl.Segmenter();
  return segmenter.segment(text);
};

/** The longest head of `text` within `width` columns, never half a character. */
const head = (text: string, width: number): string => {
  if (SIMPLE.test(text)) return text.slice(0, Math.max(0, width));
  let taken = '';
  let left = width;
  for (const { segment } of graphemesOf(text)) {
    left -= widthOf(segment);
    if (left < 0) break;
    taken += segment;
  }
  return taken;
};

const tail = (text: string, width: number): string => {
  let taken = '';
  let left = width;
  for (const { segment } of [...graphemesOf(text)].reverse()) {
    left -= widthOf(segment);
    if (left < 0) break;
    taken = segment + taken;
  }
  return taken;
};

/** At most `width` columns of `text`; a part cut off at the end (or the start) shows as `…`. */
export const cut = <const Text extends string>(
  text: Text & Safe<Text>,
  width: number,
  at: 'end' | 'start' = 'end',
): Printable => trusted(cutText(text, width, at));

const cutText = (text: string, width: number, at: 'end' | 'start'): string => {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return '';
  return at === 'end' ? head(text, width - 1) + ELLIPSIS : ELLIPSIS + tail(text, width - 1);
};

type Align = 'left' | 'right';

/** At least `width` columns. */
export const padded = <const Text extends string>(
  text: Text & Safe<Text>,
  width: number,
  align: Align = 'left',
): Printable => trusted(paddedText(text, width, align));

const paddedText = (text: string, width: number, align: Align): string => {
  const padding = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + padding : padding + text;
};

/** Exactly `width` columns: cut or padded. */
export const toWidth = <const Text extends string>(
  text: Text & Safe<Text>,
  width: number,
  align: Align = 'left',
): Printable => trusted(paddedText(cutText(text, width, 'end'), width, align));

/** Without the spaces at its end. */
export const trimmed = (text: Printable): Printable => trusted(text.trimEnd());

/** Words on lines of at most `width` columns; a longer word is broken. At least one line. */
export const wrapWords = <const Text extends string>(text: Text & Safe<Text>, width: number): readonly Printable[] =>
  wrapText(text, width).map(trusted);

const wrapText = (text: string, width: number): readonly string[] => {
  const room = Math.max(2, width);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (widthOf(joined) <= room) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (widthOf(line) > room) {
      const start = head(line, room);
      lines.push(start);
      line = line.slice(start.length);
    }
  }
  return [...lines, line];
};
