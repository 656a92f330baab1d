import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { onStack } from '../../../src/capture/bpftrace/bpftrace.ts';
import { resolveProbe } from '../../../src/capture/bpftrace/probe-text.ts';
import { BACKENDS } from '../../../src/capture/kernel/backend.ts';

const TEXT = `before
//@if struct a
//  first;
//@elif struct b
//  second;
//@else
  by hand;
//@end
between
//@if struct c
//  third;
//@end
after`;

const live = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('//'));
const resolve = (...has: readonly string[]): readonly string[] =>
  live(resolveProbe(TEXT, (condition) => has.includes(condition)));

describe('among alternatives', () => {
  test('the first whose condition holds is live, and no other', () => {
    expect(resolve('struct a', 'struct b')).toEqual(['before', 'first;', 'between', 'after']);
    expect(resolve('struct b')).toEqual(['before', 'second;', 'between', 'after']);
  });

  test('the else is live where none holds', () => {
    expect(resolve()).toEqual(['before', 'by hand;', 'between', 'after']);
  });

  test('a group without else may be empty, and does not know of the group before', () => {
    expect(resolve('struct a', 'struct c')).toEqual(['before', 'first;', 'between', 'third;', 'after']);
  });

  test('once one is taken, the conditions after it are not asked', () => {
    const asked: string[] = [];
    resolveProbe(TEXT, (condition) => asked.push(condition) > 0);
    expect(asked).toEqual(['struct a', 'struct c']);
  });
});

describe.each(BACKENDS)('probes/%s.bt', (backend) => {
  const text = readFileSync(new URL(`../../../probes/${backend}.bt`, import.meta.url), 'utf8');

  test.each([
    ['everything', () => true],
    ['nothing', () => false],
  ])('keeps its line numbers on a kernel that has %s', (_what, has) => {
    const resolved = resolveProbe(text, has).split('\n');
    const lines = text.split('\n');
    expect(resolved).toHaveLength(lines.length);
    for (const [i, line] of lines.entries()) expect(['', line, line.replace(/^\/\//, '')]).toContain(resolved[i]);
  });

  test('by hand, only lines of its groups differ from what a kernel without anything gets', () => {
    let isGroup = false;
    const resolved = resolveProbe(text, () => false).split('\n');
    for (const [i, line] of text.split('\n').entries()) {
      if (/^\/\/@if/.test(line)) isGroup = true;
      if (/^\/\/@end/.test(line)) isGroup = false;
      if (!isGroup) expect(resolved[i]).toBe(line);
    }
  });

  test.each(['', '-deferred'])('is told to build its lines on the stack, where bpftrace would not (%s)', (suffix) => {
    const script = readFileSync(new URL(`../../../probes/${backend}${suffix}.bt`, import.meta.url), 'utf8');
    const [first, ...others] = onStack(script, '0.23.2').split('\n');
    expect(first).toBe('config = { on_stack_limit = 256 }');
    expect(others).toEqual(script.split('\n').slice(1));
    expect(onStack(script, '0.27.1')).toBe(onStack(script, '0.23.2'));
    // 0.17 knows no such setting: it has no such buffer either.
    expect(onStack(script, '0.17.0')).toBe(script);
    expect(onStack(script, '0.21.3')).toBe(script);
  });

  test('has balanced braces, whichever branches are live', () => {
    for (const has of [() => true, () => false, (c: string) => c.includes('icsk'), (c: string) => c.includes('file')]) {
      const code = resolveProbe(text, has)
        .replace(/\/\/.*$/gm, '')
        .replace(/"[^"]*"/g, '');
      expect(code.split('{').length).toBe(code.split('}').length);
    }
  });
});
