import { expect, test } from 'vitest';
import { SOCK } from '../../../src/wire/evidence.ts';
import { ABORTS, abort, ending } from '../../builders/endings.ts';

test.each(ABORTS)('in a close that was %s, with SO_LINGER of 0 s', (_how, via) => {
  const lingering = { flags: SOCK.LINGER, lingerTime: 0 };
  expect(ending(...abort(via, 'ESTABLISHED', lingering))).toEqual(['linger_zero', 'local']);
});
