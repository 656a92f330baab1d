import fc from 'fast-check';
import { expect, it } from 'vitest';
import { finePercent, percent, progressText } from '../../src/text/share.ts';

it.each([
  [0, '0%', '0%'],
  [0.05, '<1%', '<0.1%'],
  [0.4, '<1%', '0.4%'],
  [7.56, '8%', '7.6%'],
  [25, '25%', '25%'],
  [99.7, '>99%', '>99%'],
  [100, '100%', '100%'],
  [140, '140%', '140%'],
])('%d percent are %s, or with a decimal %s', (share, whole, fine) => {
  expect(percent(share)).toBe(whole);
  expect(finePercent(share)).toBe(fine);
});

it('neither says none or all of what is neither', () => {
  const some = fc.double({ min: 0, max: 100, minExcluded: true, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(some, (share) => {
      for (const text of [percent(share), finePercent(share)]) expect(['0%', '0.0%', '100%']).not.toContain(text);
    }),
  );
});

it('work is done when it is, and not a moment before', () => {
  expect([0, 0.5, 0.999, 1].map(progressText)).toEqual(['0%', '50%', '99%', '100%']);
});
