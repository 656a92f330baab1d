import { expect, test } from 'vitest';
import { limited } from '../../builders/endings.ts';

test('with TCP’s memory above tcp_mem, and few orphans: out_of_memory', () => {
  const path = limited(10, true, ' 91 10 20 90');
  expect(path).toMatchObject({ ended_by: 'out_of_memory', side: 'limit', certain: true });
  expect(path.because.join()).toContain('91 pages of at most 90 (tcp_mem)');
});
