import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CALM, type Load, type LoadSample, levelOf, nextLoad } from '../../../src/screen/header/load.ts';

const TICK_MS = 200;
const loadAfter = (load: Load, ms: number, busy: number, lagMs = 0): Load => {
  let next = load;
  for (let at = 0; at < ms; at += TICK_MS) next = nextLoad(next, { tookMs: TICK_MS, busy, lagMs });
  return next;
};
const HOT = 1;
const COOL = 0.3;
const BETWEEN = 0.85;

describe('the screen under load', () => {
  test('draws five frames a second, with everything, and says nothing while the loop has time to wait', () => {
    expect(levelOf(loadAfter(CALM, 60_000, BETWEEN))).toEqual({ drawMs: 200, hasDetail: true, text: '' });
  });

  test('gives up frames first, then detail, a step a second, and says which, with units', () => {
    const steps = [1, 2, 3].map((seconds) => levelOf(loadAfter(CALM, seconds * 1000, HOT)));
    expect(steps.map(({ drawMs }) => drawMs)).toEqual([1000, 2000, 2000]);
    expect(steps.map(({ hasDetail }) => hasDetail)).toEqual([true, true, false]);
    for (const { text, drawMs } of steps) expect(text).toContain(`overloaded: drawing every ${drawMs / 1000} s`);
    expect(steps[2]?.text).toMatch(/no due times, no sum of memory, order stands still/);
    expect(levelOf(loadAfter(CALM, 60_000, HOT))).toEqual(steps[2]);
  });

  test('comes back a step every two seconds, and the last word goes', () => {
    const worst = loadAfter(CALM, 10_000, HOT);
    const steps = [2, 4, 6].map((seconds) => levelOf(loadAfter(worst, seconds * 1000, COOL)));
    expect(steps.map(({ drawMs }) => drawMs)).toEqual([2000, 1000, 200]);
    expect(steps.map(({ hasDetail }) => hasDetail)).toEqual([true, true, true]);
    expect(steps[2]?.text).toBe('');
  });

  test('stays where it is between busy and idle, for however long', () => {
    const first = loadAfter(CALM, 1000, HOT);
    expect(levelOf(loadAfter(first, 60_000, BETWEEN))).toEqual(levelOf(first));
  });

  test('is not moved by bursts shorter than a second, or by pauses shorter than two', () => {
    let load = CALM;
    for (let i = 0; i < 50; i++) load = loadAfter(loadAfter(load, 800, HOT), 200, BETWEEN);
    expect(load.step).toBe(0);
    load = loadAfter(CALM, 1000, HOT);
    for (let i = 0; i < 50; i++) load = loadAfter(loadAfter(load, 1800, COOL), 200, BETWEEN);
    expect(load.step).toBe(1);
  });

  test('a lagging loop is a load too, however idle the loop says it was', () => {
    expect(loadAfter(CALM, 1000, COOL, 600).step).toBe(1);
  });

  test('one sample that the machine slept through is none', () => {
    expect(nextLoad(CALM, { tookMs: 3_600_000, busy: 0, lagMs: 3_599_800 }).step).toBe(0);
  });

  test('moves one step at a time, whatever is measured', () => {
    const sample: fc.Arbitrary<LoadSample> = fc.record({
      tookMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
      busy: fc.double({ min: 0, max: 1, noNaN: true }),
      lagMs: fc.double({ min: -1e3, max: 1e9, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 200 }), (samples) => {
        let load = CALM;
        for (const one of samples) {
          const next = nextLoad(load, one);
          expect(Math.abs(next.step - load.step)).toBeLessThanOrEqual(1);
          expect(next.step).toBeGreaterThanOrEqual(0);
          expect(next.step).toBeLessThanOrEqual(3);
          load = next;
        }
      }),
    );
  });
});
