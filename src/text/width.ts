import stringWidth from 'string-width';

const ASCII = /^[\x20-\x7e]*$/;
const graphemes = new Intl.Segmenter();
const ELLIPSIS = '…';

/** Columns a text takes on a screen; 2 for CJK, 0 for a combining mark. */
export const widthOf = (text: string): number => (ASCII.test(text) ? text.length : stringWidth(text));

/** The longest head of `text` within `width` columns, never half a character. */
const head = (text: string, width: number): string => {
  if (ASCII.test(text)) return text.slice(0, Math.max(0, width));
  let taken = '';
  let left = width;
  for (const { segment } of graphemes.segment(text)) {
    left -= widthOf(segment);
    if (left < 0) break;
    taken += segment;
  }
  return taken;
};

const tail = (text: string, width: number): string => {
  let taken = '';
  let left = width;
  for (const { segment } of [...graphemes.segment(text)].reverse()) {
    left -= widthOf(segment);
    if (left < 0) break;
    taken = segment + taken;
  }
  return taken;
};

/** At most `width` columns of `text`; what is missing at the end (or the start) shows as `…`. */
export const cut = (text: string, width: number, at: 'end' | 'start' = 'end'): string => {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return '';
  return at === 'end' ? head(text, width - 1) + ELLIPSIS : ELLIPSIS + tail(text, width - 1);
};

/** Exactly `width` columns: cut or padded. */
export const toWidth = (text: string, width: number, align: 'left' | 'right' = 'left'): string => {
  const shown = cut(text, width);
  const padding = ' '.repeat(Math.max(0, width - widthOf(shown)));
  return align === 'left' ? shown + padding : padding + shown;
};

/** Words on lines of at most `width` columns; a longer word is broken. At least one line. */
export const wrapWords = (text: string, width: number): readonly string[] => {
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
