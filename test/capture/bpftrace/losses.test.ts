import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLosses } from '../../../src/capture/bpftrace/losses.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a full map, complained of a thousand times in a second, is some lines, which say how often', () => {
  const lines: string[] = [];
  const { lost, mapFull, flush } = createLosses(
    (line) => lines.push(line),
    () => 5n,
  );
  for (let i = 0; i < 1000; i++) {
    lost(1, 'a map was full');
    mapFull(40);
    vi.advanceTimersByTime(1);
  }
  flush();
  const losses = lines.filter((line) => line.startsWith('l '));
  expect(losses.length).toBeLessThanOrEqual(11);
  const sum = losses.map((line) => Number(/^l 5 (\d+) a map was full$/.exec(line)?.[1])).reduce((a, b) => a + b);
  expect(sum).toBe(1000);
  const notices = lines.filter((line) => line.startsWith('n '));
  expect(notices).toEqual([
    'n 5 a BPF map is full: bpftrace could not keep an entry, line 40 of its script',
    'n 5 a BPF map is full: bpftrace could not keep an entry, line 40 of its script (999 times)',
  ]);
});
