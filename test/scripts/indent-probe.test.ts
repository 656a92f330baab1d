import { describe, expect, test } from 'vitest';
import { indented } from '../../scripts/indent-probe.ts';

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
