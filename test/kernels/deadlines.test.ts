import { describe, expect, it } from 'vitest';
import { faultsOfLife, type Life } from '../../scripts/kernels/deadlines.ts';

const S = 1e9;
const told = (now: number, at: number, rule = 'retries') => ({ now: now * S, at: at * S, rule });
const life = (destroyedAt: number | null, ...says: readonly ReturnType<typeof told>[]): Life => ({
  told: [...says],
  destroyedAt: destroyedAt === null ? null : destroyedAt * S,
});
const faults = (retries: number, one: Life): readonly string[] => faultsOfLife({ retries }, one);

describe('a socket that a guest let the kernel reap', () => {
  it('is right when it was reaped between each deadline told and 13 % after', () => {
    expect(faults(3, life(6.6, told(0, 6.2), told(3, 6.5)))).toEqual([]);
    expect(faults(3, life(7.2, told(0, 6.2)))).toEqual(['reaped 1.00 s after a deadline that was 6.20 s away']);
    expect(faults(3, life(6.1, told(0, 6.2)))).toEqual(['reaped -0.10 s after a deadline that was 6.20 s away']);
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
