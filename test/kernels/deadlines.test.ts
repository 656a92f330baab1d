import { describe, expect, it } from 'vitest';
import { faultsOfLife, judgeLife, type Life, type Told } from '../../scripts/kernels/deadlines.ts';

const S = 1e9;
const told = (now: number, at: number, rule = 'retries', ifOverdueAt: number | null = null): Told => ({
  now: now * S,
  at: at * S,
  ifOverdueAt: ifOverdueAt === null ? null : ifOverdueAt * S,
  rule,
});
const life = (destroyedAt: number | null, ...says: readonly Told[]): Life => ({
  told: [...says],
  destroyedAt: destroyedAt === null ? null : destroyedAt * S,
  stalled: 0,
});
const faults = (retries: number, one: Life): readonly string[] => faultsOfLife({ retries }, one);

describe('a socket that a guest let the kernel reap', () => {
  it('is right when it was reaped between each deadline told and 13 % after', () => {
    expect(faults(3, life(6.6, told(0, 6.2), told(3, 6.5)))).toEqual([]);
    expect(faults(3, life(7.7, told(0, 6.2)))).toEqual(['reaped 1.50 s after a deadline that was 6.20 s away']);
    expect(faults(3, life(6.1, told(0, 6.2)))).toEqual(['reaped -0.10 s after a deadline that was 6.20 s away']);
  });

  it('is right when it was reaped at the tick that was told for overdue timers, and at no other', () => {
    const says = told(1, 6.3, 'retries', 3.1);
    expect(faults(3, life(3.2, says))).toEqual([]);
    expect(faults(3, life(6.4, says))).toEqual([]);
    expect(faults(3, life(4.5, says))).toHaveLength(1);
    expect(faults(3, life(2.9, says))).toHaveLength(1);
  });

  it('says nothing when it is wrong and the guest stood still, and is right all the same when it is right', () => {
    const wrong = life(9, told(0, 6.2));
    expect(judgeLife({ retries: 3 }, wrong).disturbed).toBe(null);
    expect(judgeLife({ retries: 3 }, { ...wrong, stalled: 2 * S }).disturbed).toMatch(
      /stood still for 2\.00 s: reaped 2\.8/,
    );
    expect(judgeLife({ retries: 3 }, { ...life(6.3, told(0, 6.2)), stalled: 2 * S })).toEqual({
      wrong: [],
      disturbed: null,
    });
  });

  it.each([
    ['no deadline was told', life(1)],
    ['it was not reaped', life(null, told(0, 1))],
    ['its deadline is by user_timeout', life(1, told(0, 1, 'user_timeout'))],
  ])('is wrong when %s', (text, one) => {
    expect(faults(1, one)).toEqual([text]);
  });

  it('with 255 retries is not reaped, and has hours', () => {
    expect(faults(255, life(null, told(0, 29_700)))).toEqual([]);
    expect(faults(255, life(null, told(0, 106)))).toEqual(['its deadline is 106.00 s after its close']);
    expect(faults(255, life(107, told(0, 29_700)))).toEqual(['it was reaped']);
  });
});
