import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Output } from '../../src/output/stdout.ts';
import { span } from '../../src/screen/frame/line.ts';
import { asPrintable, joined, type Printable, printable, repeated, safe } from '../../src/text/printable.ts';

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

describe('a template of literals around printable text and numbers', () => {
  it('is printable itself', () => {
    expect(safe`${printable('a\x1bb')}[${42}]`).toBe('a\\x1bb[42]');
    expect(safe``).toBe('');
    expect(joined(['CLOSE', printable('\n')], '>')).toBe('CLOSE>\\x0a');
    expect(repeated('-', 3)).toBe('---');
    expect(repeated('-', -1)).toBe('');
  });
});

/** Compiled, never run: each line that is expected not to compile has to be an error, or `npm run check` fails. */
const compiled = (comm: string, state: 'CLOSE' | 'FIN_WAIT1', mixed: 'own' | `netns ${string}`, output: Output) => {
  const shown: Printable = printable(comm);
  return [
    asPrintable('a literal'),
    asPrintable(state),
    asPrintable(shown),
    safe`${state} ${shown} ${42} ${comm === '' ? 'none' : shown}`,
    span(state),
    span(shown),
    output.line(shown),
    // @ts-expect-error text of unknown origin
    span(comm),
    // @ts-expect-error
    output.line(comm),
    // @ts-expect-error
    asPrintable(comm),
    // @ts-expect-error a template without its tag is text of unknown origin
    asPrintable(`closed by ${comm}`),
    // @ts-expect-error one of several may be of unknown origin
    asPrintable(mixed),
    // @ts-expect-error
    asPrintable(comm === '' ? 'none' : comm),
    // @ts-expect-error
    safe`closed by ${comm}`,
    // @ts-expect-error
    safe`${mixed}`,
    // @ts-expect-error what was printable is not any more when it has been worked on
    output.line(shown.replace('a', '\x1b')),
    // @ts-expect-error
    joined([comm], '>'),
    // @ts-expect-error
    repeated(comm, 2),
  ];
};

it('text of unknown origin does not compile onto a screen', () => {
  expect(compiled).toBeTypeOf('function');
});
