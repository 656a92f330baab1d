import { describe, expect, test } from 'vitest';
import { closed, destroyed, limited, sent, step } from '../../builders/endings.ts';
import { pathOf, REASONS } from '../../builders/explain.ts';
import { us } from '../../builders/wire-lines.ts';

test('a reset by reason TCP_ABORT_ON_MEMORY: a limit, and which one is not claimed', () => {
  const path = pathOf([
    closed(),
    step(us(50), 'FIN_WAIT1', 'CLOSE', { own: true }),
    sent(us(60), REASONS.TCP_ABORT_ON_MEMORY),
    destroyed(us(70)),
  ]);
  expect(path).toMatchObject({ ended_by: 'unknown', side: 'limit', certain: false });
  expect(path.because.join()).toMatch(/tcp_max_orphans.*tcp_mem/);
});

describe('a reset by reason TCP_ABORT_ON_MEMORY', () => {
  test('in the close, above tcp_max_orphans: orphan_limit, with the figures', () => {
    const path = limited(100, true);
    expect(path).toMatchObject({ ended_by: 'orphan_limit', side: 'limit' });
    expect(path.because.join()).toContain('101 orphans of at most 100');
  });

  test('counts what was queued as lost, though the kernel sets no error', () => {
    expect(limited(100, true).lost_bytes).toBe(0);
    expect(limited(100, true, '', 4700).lost_bytes).toBe(300);
  });

  test('in the close, below it: not called so', () => {
    expect(limited(60, true)).toMatchObject({ ended_by: 'unknown', side: 'limit', certain: false });
  });

  test('by a timer, from a quarter of it on', () => {
    expect(limited(30, false)).toMatchObject({ ended_by: 'orphan_limit', side: 'limit' });
    expect(limited(10, false)).toMatchObject({ ended_by: 'unknown', side: 'limit' });
  });

  test('with TCP’s memory below tcp_mem it is certain; above it too, which one is not claimed', () => {
    expect(limited(100, true, ' 50 10 20 90')).toMatchObject({ ended_by: 'orphan_limit', certain: true, gaps: [] });
    expect(limited(100, true, ' 91 10 20 90')).toMatchObject({ ended_by: 'unknown', side: 'limit' });
  });

  test('when the limits were read too long before, it is no more than inferred', () => {
    const late = 1600;
    const path = limited(100, true, ' 50 10 20 90', 5000, late);
    expect(path).toMatchObject({ ended_by: 'orphan_limit', certain: false, gaps: ['cause_inferred'] });
    expect(path.because.join()).toContain('when last read');
    expect(limited(100, true, ' 50 10 20 90', 5000, 1400)).toMatchObject({ certain: true, gaps: [] });
  });

  test('without the figures of tcp_mem it is no more than inferred', () => {
    expect(limited(100, true)).toMatchObject({ certain: false, gaps: ['cause_inferred'] });
  });
});
