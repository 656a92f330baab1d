import fc from 'fast-check';
import { expect, it } from 'vitest';
import { printable } from '../../src/text/printable.ts';
import { cut, toWidth, widthOf, wrapWords } from '../../src/text/width.ts';

const shownText = fc.string({ unit: 'binary', maxLength: 30 }).map(printable);

it('whatever is put into a column takes exactly its width', () => {
  fc.assert(
    fc.property(shownText, fc.integer({ min: 1, max: 40 }), fc.constantFrom('left', 'right'), (text, width, align) => {
      expect(widthOf(toWidth(text, width, align))).toBe(width);
    }),
  );
});

it('a wide character is never cut in half', () => {
  expect(cut('日本語', 4)).toBe('日…');
  expect(toWidth('日本語', 4)).toBe('日… ');
  expect(cut('日本語', 4, 'start')).toBe('…語');
});

it('no wrapped line is wider than asked, and no word is lost', () => {
  fc.assert(
    fc.property(shownText, fc.integer({ min: 2, max: 40 }), (text, width) => {
      const lines = wrapWords(text, width);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
      expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    }),
  );
});
