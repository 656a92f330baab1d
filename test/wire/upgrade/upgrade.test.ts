import { describe, expect, test } from 'vitest';
import { WIRE_VERSION } from '../../../src/wire/schema.ts';
import { appendWords, insertWord, inTurn, type Step, sameLines } from '../../../src/wire/upgrade/step.ts';
import { canRead, STEPS, upgradeFrom } from '../../../src/wire/upgrade/upgrade.ts';

describe('the way from an old version to this one', () => {
  const steps: readonly Step[] = [(line) => `${line}2`, (line) => `${line}3`];

  test('takes each step once, in order, from the version of the stream on', () => {
    expect(upgradeFrom(1, steps)?.('x')).toBe('x23');
    expect(upgradeFrom(2, steps)?.('x')).toBe('x3');
    expect(upgradeFrom(3, steps)).toBeNull();
  });

  test('costs nothing where a version has the same lines and more', () => {
    expect(upgradeFrom(1, [sameLines])).toBeNull();
  });

  test('has a step for every version but the last, and reads no other', () => {
    expect(STEPS).toHaveLength(WIRE_VERSION - 1);
    expect([upgradeFrom(WIRE_VERSION), upgradeFrom(WIRE_VERSION + 1), upgradeFrom(0)]).toEqual([null, null, null]);
    expect([0, 1, WIRE_VERSION, WIRE_VERSION + 1].map(canRead)).toEqual([false, true, true, false]);
  });
});

describe('a word put into lines of some letters', () => {
  const step = insertWord('AL', 3, '-');

  test.each([
    ['A 1 sk 4 5', 'A 1 sk - 4 5'],
    ['L 1 sk 4', 'L 1 sk - 4'],
    ['S 1 sk 4 5', 'S 1 sk 4 5'],
    // Those are malformed, and stay so.
    ['A 1 sk', 'A 1 sk'],
    ['A', 'A'],
    ['', ''],
    ['AL 1 2 3 4', 'AL 1 2 3 4'],
  ])('%j becomes %j', (line, upgraded) => {
    expect(step(line)).toBe(upgraded);
  });
});

test('words at the end of lines of some letters', () => {
  const step = inTurn(appendWords('WX', '0'), appendWords('C', '0 0'));
  expect(['W 1 2', 'X 1', 'C 5', 'A 1', 'C', ''].map(step)).toEqual(['W 1 2 0', 'X 1 0', 'C 5 0 0', 'A 1', 'C', '']);
});

test('ticks and looks of version 3 read as of a CPU that is not said', () => {
  const upgrade = upgradeFrom(3);
  expect(upgrade?.('C 5')).toBe('C 5 0 0');
  expect(upgrade?.('V 5 4 1 0')).toBe('V 5 4 1 0 0');
});
