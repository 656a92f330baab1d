import { describe, expect, test } from 'vitest';
import { distance } from '../../../src/explain/evidence/sequence.ts';

describe('distance in sequence space', () => {
  test.each([
    [10, 4, 6],
    [4, 4, 0],
    [3, 0xfffffffe, 5],
    [4, 10, null],
  ])('from %d back to %d is %s', (a, b, bytes) => {
    expect(distance(a, b)).toBe(bytes);
  });
});
