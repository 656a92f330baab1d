import { expect, test } from 'vitest';
import { closed, destroyed, step } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';
import { ms } from '../../builders/wire-lines.ts';

test('a silent end by a timer with our FIN not acknowledged: resources', () => {
  const path = pathOf([
    closed(),
    step(ms(900), 'FIN_WAIT1', 'CLOSE', { writeSeq: 5001, sndUna: 5000 }),
    destroyed(ms(901)),
  ]);
  expect(path).toMatchObject({ ended_by: 'resources', side: 'limit' });
});
