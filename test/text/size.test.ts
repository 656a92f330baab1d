import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { exactSize, shortSize, size } from '../../src/text/size.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [45_056, '44.0 KiB'],
  [12_900_000, '12.3 MiB'],
  [5 * 1024 ** 3, '5.0 GiB'],
])('in a sentence %d bytes are %s', (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

test('as evidence they are told to the byte', () => {
  expect(exactSize(1448)).toBe('1448 B');
});

describe('on the screen', () => {
  it.each([
    [null, '?'],
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1.0K'],
    [131_072, '128K'],
    [1_048_575, '1023K'],
    [2_097_152, '2.0M'],
    [Number.MAX_SAFE_INTEGER, '7.9P'],
  ])('%s bytes are %s', (bytes, text) => {
    expect(shortSize(bytes)).toBe(text);
  });

  it('they never take more than five columns', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(shortSize(bytes).length).toBeLessThanOrEqual(5);
      }),
    );
  });
});
