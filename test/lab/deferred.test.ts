import { describe, expect, it } from 'vitest';
import { uncounted } from './deferred.ts';

const kinds = (...all: (readonly [string, number])[]) => new Map(all);

describe('deaths that were not counted as what they were', () => {
  it('are none where each kind has its count', () => {
    expect(uncounted(kinds(['close acked', 3]), kinds(['close acked', 3]))).toBe(0);
    expect(uncounted(kinds(['close acked', 3]), kinds(['close acked', 2], ['close unknown', 1]))).toBe(1);
  });

  it('an example stands for an end of its kind, once', () => {
    const counted = kinds(['close linger_zero', 1], ['example linger_zero', 1]);
    expect(uncounted(kinds(['close linger_zero', 2]), counted)).toBe(0);
    expect(uncounted(kinds(['close linger_zero', 3]), counted)).toBe(1);
    expect(uncounted(kinds(['close killed', 1]), kinds(['example unknown', 1]))).toBe(0);
    expect(uncounted(kinds(['close killed', 2]), kinds(['example unknown', 1]))).toBe(1);
  });

  it('one of unknown end may be counted as closed nobody knows how', () => {
    const counted = kinds(['unknown unknown', 1]);
    expect(uncounted(kinds(['listener unknown', 1]), counted)).toBe(0);
    expect(uncounted(kinds(['listener unknown', 2]), counted)).toBe(1);
    expect(uncounted(kinds(['listener unknown', 1], ['unknown unknown', 1]), counted)).toBe(1);
  });

  it('one known death alone may be counted as unknown', () => {
    const counted = kinds(['unknown unknown', 2]);
    expect(uncounted(kinds(['close acked', 1]), counted)).toBe(0);
    expect(uncounted(kinds(['close acked', 2]), counted)).toBe(1);
    expect(uncounted(kinds(['close acked', 1]), kinds(['close unknown', 1]))).toBe(1);
  });
});
