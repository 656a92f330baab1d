import { expect, test } from 'vitest';
import { ABORTS, abort, destroyed, ending, forgotten } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';
import { us } from '../../builders/wire-lines.ts';

test.each(ABORTS)('in a close that was %s, as a listener', (_how, via) => {
  expect(ending(...abort(via, 'LISTEN', { rport: 0, peer: '0.0.0.0' }))).toEqual(['listener_closed', 'local']);
});

test('a child that its listener forgot', () => {
  const path = pathOf([forgotten({ moves: [{ at: -us(9), from: 'ESTABLISHED', to: 'CLOSE' }] }), destroyed(us(5))]);
  expect(path).toMatchObject({ ended_by: 'listener_closed', how: 'listener', closed_at: null });
});
