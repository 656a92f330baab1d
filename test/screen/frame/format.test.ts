import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatMicros,
  formatOffset,
  formatRate,
} from '../../../src/screen/frame/format.ts';

describe('formatAge', () => {
  it.each([
    [0, '0ms'],
    [850.9, '850ms'],
    [12_345, '12.3s'],
    [59_999, '59.9s'],
    [60_000, '1m00s'],
    [245_000, '4m05s'],
    [3_599_999, '59m59s'],
    [7_380_000, '2h03m'],
    [172_800_000, '2d00h'],
    [273_600_000, '3d04h'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });

  it('an unknown age is ?, and one before the close 0', () => {
    expect(formatAge(null)).toBe('?');
    expect(formatMicros(null)).toBe('?');
    expect(formatAge(-5)).toBe('0ms');
  });

  it('up to 99 days take at most six columns and carry a unit', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 99 * 86_400_000, noNaN: true }), (ms) => {
        expect(formatAge(ms)).toMatch(/^[\d.]+(ms|s|m\d\ds|h\d\dm|d\d\dh)$/);
        expect(formatAge(ms).length).toBeLessThanOrEqual(6);
      }),
    );
  });
});

describe('formatOffset', () => {
  it.each([
    [0, '+0us'],
    [850, '+850us'],
    [-12_345, '-12.3ms'],
    [1_234_000, '+1.234s'],
    [245_000_000, '+4m05s'],
  ])('%d us is %s', (us, text) => {
    expect(formatOffset(us)).toBe(text);
  });
});

describe('formatBytes', () => {
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
    expect(formatBytes(bytes)).toBe(text);
  });

  it('never takes more than five columns', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(formatBytes(bytes).length).toBeLessThanOrEqual(5);
      }),
    );
  });
});

it.each([
  [0, '0/s'],
  [0.42, '0.4/s'],
  [12, '12/s'],
  [118.4, '118/s'],
  [12_345, '12.3k/s'],
])('%d events a second are %s', (rate, text) => {
  expect(formatRate(rate)).toBe(text);
});

it('counts have their thousands apart, and an unknown one is ?', () => {
  expect([0, 999, 16_384, 1_234_567].map(formatCount)).toEqual(['0', '999', '16,384', '1,234,567']);
  expect(formatCount(-1200)).toBe('-1,200');
  expect(formatCount(null)).toBe('?');
});
