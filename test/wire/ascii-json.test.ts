import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asciiJson } from '../../src/wire/ascii-json.ts';

test.each([
  ['a C1 control', '\u009d0;x\u009c', '\\u009d0;x\\u009c'],
  ['DEL', '\u007f', '\\u007f'],
  ['a bidi override', '\u202ex', '\\u202ex'],
  ['a character of two units', '\u{1f600}', '\\ud83d\\ude00'],
  ['a half of one', '\ud83d', '\\ud83d'],
  ['a letter', 'ü', '\\u00fc'],
  ['an escape', '\u001b[2J\n"\\', '\\u001b[2J\\n\\"\\\\'],
])('%s is escaped', (_what, text, written) => {
  expect(asciiJson({ text })).toBe(`{"text":"${written}"}`);
});

test('any value is one line of printable ASCII that is read back as JSON is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, key) => {
      const json = asciiJson({ [key]: value });
      expect(json).toMatch(/^[ -~]+$/);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ [key]: value })));
    }),
  );
});

/** Nobody sees what goes to the lab's worker, and between finwait and its reader. */
const NOT_SHOWN = [
  'capture/reader/reader-protocol.ts',
  'capture/reader/reader.ts',
  'lab/worker.ts',
  'wire/ascii-json.ts',
];

test('no other file of the source makes JSON', () => {
  const src = fileURLToPath(new URL('../../src/', import.meta.url));
  const makers = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.tsx?$/.test(name) && readFileSync(`${src}${name}`, 'utf8').includes('JSON.stringify('),
  );
  expect(makers.sort()).toEqual(NOT_SHOWN);
});
