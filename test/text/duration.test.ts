import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  duration,
  durationColumn,
  offset,
  settingTime,
  shortAge,
  shortDuration,
  shortOffset,
} from '../../src/text/duration.ts';

test.each([
  [0, '0 us'],
  [41.6, '42 us'],
  [1200, '1.2 ms'],
  [61_050_000, '61.0 s'],
  [119_900_000, '119.9 s'],
  [303_000_000, '5 min 03 s'],
  [7_500_000_000, '2 h 05 min'],
])('in a sentence %d us are %s', (us, text) => {
  expect(duration(us)).toBe(text);
  expect(offset(us)).toBe(text);
});

test('what was before a moment has a sign', () => {
  expect(offset(-3e6)).toBe('-3.0 s');
});

test.each([
  [0, '0 us'],
  [999, '999 us'],
  [1000, '1.0 ms'],
  [61_050_000, '61.05 s'],
  [3_600_000_000, '3600.00 s'],
])('in a column %d us are %s', (us, text) => {
  expect(durationColumn(us)).toBe(text);
});

test('what somebody set is told in ms below a second, and round times as such', () => {
  expect([204, 1000, 102_200].map(settingTime)).toEqual(['204 ms', '1 s', '102.2 s']);
});

describe('an age on the screen', () => {
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
    expect(shortAge(ms)).toBe(text);
  });

  it('is ? when it is not known, and 0 before the close', () => {
    expect(shortAge(null)).toBe('?');
    expect(shortDuration(null)).toBe('?');
    expect(shortAge(-5)).toBe('0ms');
  });

  it('up to 99 days takes at most six columns and carries a unit', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 99 * 86_400_000, noNaN: true }), (ms) => {
        expect(shortAge(ms)).toMatch(/^[\d.]+(ms|s|m\d\ds|h\d\dm|d\d\dh)$/);
        expect(shortAge(ms).length).toBeLessThanOrEqual(6);
      }),
    );
  });
});

it.each([
  [0, '+0us'],
  [850, '+850us'],
  [-12_345, '-12.3ms'],
  [1_234_000, '+1.234s'],
  [245_000_000, '+4m05s'],
])('on the screen, %d us after the close is %s', (us, text) => {
  expect(shortOffset(us)).toBe(text);
});
