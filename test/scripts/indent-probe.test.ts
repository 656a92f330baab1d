import { describe, expect, test } from 'vitest';
import { folded, indented } from '../../scripts/indent-probe.ts';

const text = (...lines: readonly string[]): string => lines.join('\n');

describe('a probe script', () => {
  test('is indented by its blocks, wherever a part of it stood', () => {
    expect(
      indented(
        text(
          'kprobe:f',
          '/arg0 > 3/',
          '{',
          '  $a = 1;',
          '      // from a deep part',
          '      if ($a == 1) {',
          '$b = "}{";    // a brace in a string, and here: }',
          '      } else { $b = 2; }',
          '',
          '    //@print tick',
          '}',
        ),
      ),
    ).toBe(
      text(
        'kprobe:f',
        '/arg0 > 3/',
        '{',
        '  $a = 1;',
        '  // from a deep part',
        '  if ($a == 1) {',
        '    $b = "}{";    // a brace in a string, and here: }',
        '  } else { $b = 2; }',
        '',
        '  //@print tick',
        '}',
      ),
    );
  });

  test('keeps the shape of a statement of several lines', () => {
    expect(indented(text('BEGIN', '{', '@a = ($b,', '  $c |', '    $d);', '$e = 1;', '}'))).toBe(
      text('BEGIN', '{', '  @a = ($b,', '    $c |', '      $d);', '  $e = 1;', '}'),
    );
  });

  test('has its directives first of all, and an alternative behind the two marks that make it a comment', () => {
    expect(
      indented(
        text('END', '{', '//@if func f', '//if ($a) {', '//// why', '//x(); }', '//@else', 'y();', '//@end', '}'),
      ),
    ).toBe(
      text(
        'END',
        '{',
        '//@if func f',
        '//  if ($a) {',
        '//    // why',
        '//    x(); }',
        '//@else',
        '  y();',
        '//@end',
        '}',
      ),
    );
  });

  test('with a block that has no end, or no beginning, is refused', () => {
    expect(() => indented(text('END', '{'))).toThrow(/open/);
    expect(() => indented(text('END', '{', '}', '}'))).toThrow(/not begun/);
    expect(() => indented(text('END', '{', '//@if func f', '//{', '//@end', '}'))).toThrow(/alternative/);
  });
});

describe('a line of more than 120 columns', () => {
  const long = (count: number): string => Array.from({ length: count }, (_, i) => `word${i}`).join(' ');

  test('that is a comment is broken at a word, behind its margin', () => {
    const lines = folded(`//    // ${long(20)}`).split('\n');
    expect(lines.length).toBe(2);
    for (const line of lines) {
      expect(line).toMatch(/^\/\/ {4}\/\/ word/);
      expect(line.length).toBeLessThanOrEqual(120);
    }
    expect(lines.map((line) => line.slice(9)).join(' ')).toBe(long(20));
  });

  test('that is a block of one line becomes one of three, its head broken where it is least nested', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => `$${name.repeat(40)} == 1`);
    expect(folded(`  if (${a} && (${b} || ${c})) { $via = 2; }`)).toBe(
      text(`  if (${a} &&`, `      (${b} || ${c})) {`, '    $via = 2;', '  }'),
    );
  });

  test('that is a statement goes on two columns deeper', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => `$${name.repeat(40)}`);
    expect(folded(`  $x = ${a} | ${b} | ${c};`)).toBe(text(`  $x = ${a} | ${b} |`, `    ${c};`));
  });

  test('that has no place to be broken at stays, and so does a shorter one', () => {
    const stays = text(`  $x = ${'a'.repeat(200)};`, '  if ($a == 1) { $b = 2; }');
    expect(folded(stays)).toBe(stays);
  });
});
