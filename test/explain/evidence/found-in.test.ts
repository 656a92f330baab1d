import { describe, expect, test } from 'vitest';
import { HOLDER } from '../../../src/wire/evidence.ts';
import { FINDS, forgotten, found, past } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';
import { type AnnounceFields, destroyLine, us } from '../../builders/wire-lines.ts';

const foundIn = (lines: readonly string[]) => pathOf(lines).closed_in;
const child = (change: AnnounceFields) => foundIn([forgotten(change), destroyLine({ at: us(5) })]);

describe('closed_in of a child that its listener forgot', () => {
  test('is the state that the transition to CLOSE left', () => {
    expect(child({ moves: [past('ESTABLISHED', { at: -us(9) })] })).toBe('ESTABLISHED');
    const fin = { at: -us(20), from: 'ESTABLISHED', to: 'CLOSE_WAIT' } as const;
    expect(child({ moves: [fin, past('CLOSE_WAIT', { at: -us(9) })] })).toBe('CLOSE_WAIT');
  });

  test('is not known where that transition is not, or where an error had made it', () => {
    expect(child({ moves: [] })).toBeNull();
    expect(child({ moves: [past('ESTABLISHED', { err: 104 })] })).toBeNull();
  });

  test('is not known of one that was dropped in its handshake: nobody closed it', () => {
    expect(child({ moves: [past('SYN_RECV')] })).toBeNull();
  });
});

describe.each(FINDS)('closed_in of what a close finds in CLOSE, %s', (_how, via) => {
  const kernels = { holder: HOLDER.kernel, taskFlags: 0x200000 };
  const disconnected = past('ESTABLISHED', { own: true });

  test("is the state before, for a subflow of the kernel's own that it disconnected", () => {
    expect(foundIn(found(via, [disconnected], 0, kernels))).toBe('ESTABLISHED');
  });

  test('is CLOSE for one that had ended before, or that a process disconnected', () => {
    expect(foundIn(found(via, [past('ESTABLISHED', { err: 110 })], 110, kernels))).toBe('CLOSE');
    expect(foundIn(found(via, [past('FIN_WAIT2')], 0, kernels))).toBe('CLOSE');
    expect(foundIn(found(via, [disconnected]))).toBe('CLOSE');
  });
});
