import { expect, test } from 'vitest';
import { createProgress } from '../../../src/capture/bpftrace/progress.ts';

const taken = (...lines: readonly string[]) => {
  const out: string[] = [];
  const progress = createProgress((line) => out.push(line));
  for (const line of lines) if (!progress.take(line)) out.push(line);
  return out;
};

test('the question, the map and the tick become one line before the tick', () => {
  expect(taken('Q 1000', '@until[1]: 900', '@until[0]: 1016', 'C 1000 1 990')).toEqual([
    'U 1000 2 384 1 3f8',
    'C 1000 1 990',
  ]);
});

test('a CPU is told of again when it has printed more, and not before', () => {
  const first = ['Q 1000', '@until[0]: 1000', '@until[1]: 900', 'C 1000 1 0'];
  const second = ['Q 1100', '@until[0]: 1100', '@until[1]: 900', 'C 1100 1 0'];
  const third = ['Q 1200', '@until[0]: 1100', '@until[1]: 900', 'C 1200 1 0'];
  expect(taken(...first, ...second, ...third).filter((line) => line.startsWith('U'))).toEqual([
    'U 1000 1 3e8 2 384',
    'U 1100 1 44c',
    'U 1200',
  ]);
});

test('a map without its question counts for the question before, and a tick without a map for nothing', () => {
  expect(taken('Q 1000', '@until[0]: 1000', '@until[0]: 1100', 'C 1100 1 0', 'Q 1200', 'C 1200 1 0')).toEqual([
    'U 1000 1 44c',
    'C 1100 1 0',
    'C 1200 1 0',
  ]);
});

test('what was answered to a question whose tick was lost does not count for the next one', () => {
  expect(taken('Q 1000', '@until[0]: 1000', 'Q 1100', 'C 1100 1 0')).toEqual(['C 1100 1 0']);
});

test('nothing is told before the first question, and lines that are none of these go on', () => {
  expect(taken('@until[0]: 5', 'C 7 1 0', 'Q x', '@until[x]: 1', 'P 8 1')).toEqual([
    'C 7 1 0',
    'Q x',
    '@until[x]: 1',
    'P 8 1',
  ]);
});
