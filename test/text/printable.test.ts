import fc from 'fast-check';
import { expect, it } from 'vitest';
import { printable } from '../../src/text/printable.ts';

const anything = fc.string({ unit: 'binary', maxLength: 40 });
const HARMFUL = /\p{C}|\p{Zl}|\p{Zp}|[\u202a-\u202e\u2066-\u2069]/u;

it.each([
  ['\x1b[2J', '\\x1b[2J'],
  ['a\nb\r\t', 'a\\x0ab\\x0d\\x09'],
  ['\x9b31m', '\\x9b31m'],
  ['\u202egnp.exe', '\\u202egnp.exe'],
  ['zero\u200bwidth', 'zero\\u200bwidth'],
  ['\u{e0041}', '\\u{e0041}'],
  ['\ud800', '\\ud800'],
  ['\u2028', '\\u2028'],
])('%j becomes %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

it.each(['kworker/u8:2', 'nginx: worker', '日本語', 'e\u0301toile', 'C:\\x', '👍'])('%s stays what it is', (text) => {
  expect(printable(text)).toBe(text);
});

it('whatever the text, nothing a terminal would obey is left', () => {
  fc.assert(
    fc.property(anything, (text) => {
      expect(printable(text)).not.toMatch(HARMFUL);
    }),
  );
});

it('twice is the same as once', () => {
  fc.assert(
    fc.property(anything, (text) => {
      expect(printable(printable(text))).toBe(printable(text));
    }),
  );
});
