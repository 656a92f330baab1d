import { describe, expect, it } from 'vitest';
import { faultsOfLooks, faultsOfWindows } from '../../scripts/kernels/living.ts';
import type { Dying } from '../../src/explain/close-path.ts';
import { decodeAll } from '../builders/track.ts';
import { announceLine, lookLine, retransmitLine, setStateLine } from '../builders/wire-lines.ts';

const sec = (n: number): number => n * 1e9;
const wrongOf = (...lines: readonly string[]): readonly string[] => faultsOfLooks(decodeAll(lines)).wrong;
const life = [
  announceLine({ at: sec(1), sk: 'a' }),
  announceLine({ at: sec(1), sk: 'b' }),
  setStateLine({ at: sec(2), sk: 'a', from: 'ESTABLISHED', to: 'FIN_WAIT1' }),
  retransmitLine({ at: sec(3), sk: 'a' }),
];

describe('the number of lines that a look tells', () => {
  it('is that of the lines of its own socket before it', () => {
    const looks = [lookLine({ at: sec(4), sk: 'a', told: 3 }), lookLine({ at: sec(5), sk: 'b', told: 1 })];
    expect(faultsOfLooks(decodeAll([...life, ...looks]))).toEqual({ looks: 2, wrong: [] });
  });

  it('is wrong where it is another, more or less', () => {
    expect(wrongOf(...life, lookLine({ at: sec(4), sk: 'a', told: 4 }))).toHaveLength(1);
    expect(wrongOf(...life, lookLine({ at: sec(4), sk: 'a', told: 2 }))).toHaveLength(1);
  });

  it('begins anew with the next life at an address', () => {
    const next = announceLine({ at: sec(5), sk: 'a' });
    expect(wrongOf(...life, next, lookLine({ at: sec(6), sk: 'a', told: 1 }))).toEqual([]);
  });

  it('may have a line that is printed at that moment, or not', () => {
    const atOnce = retransmitLine({ at: sec(4) + 1000, sk: 'a' });
    for (const told of [3, 4]) expect(wrongOf(...life, lookLine({ at: sec(4), sk: 'a', told }), atOnce)).toEqual([]);
  });
});

describe('orphans whose peer has shut its window', () => {
  const row = { lport: 1, waiting_for: 'window', side: 'peer', deadline: 'at' } as Dying;
  const shut = { netns: 1, count: 2 };

  it('are all told of as waiting for it', () => {
    expect(faultsOfWindows([row, row], shut)).toEqual([]);
    expect(faultsOfWindows([row], shut)).toEqual(['shut windows: 1 rows of 2 orphans']);
    expect(faultsOfWindows([row, { ...row, waiting_for: 'ack' }], shut)).toHaveLength(1);
  });

  it('may be known from a list alone, where the close of a few was skipped', () => {
    const gaps = ['close_not_observed'];
    const listed = { ...row, sk: null, gaps, waiting_for: 'unknown', side: 'unknown', deadline: 'unknown' } as Dying;
    expect(faultsOfWindows([row, listed], shut)).toEqual([]);
    expect(faultsOfWindows([row, { ...listed, gaps: [] }], shut)).toHaveLength(1);
    expect(
      faultsOfWindows(
        Array.from({ length: 4 }, () => listed),
        { netns: 1, count: 4 },
      ),
    ).toHaveLength(1);
  });
});
