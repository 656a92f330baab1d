import { describe, expect, test } from 'vitest';
import { SOCK } from '../../../src/wire/evidence.ts';
import { ABORTS, abort, ending } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';

describe.each(ABORTS)('in a close that was %s', (_how, via) => {
  test('with unread data', () => {
    const path = pathOf(abort(via, 'ESTABLISHED', { rcvNxt: 1100, copiedSeq: 1000 }));
    expect([path.ended_by, path.side, path.unread_bytes]).toEqual(['unread_data', 'local', 100]);
  });

  test('with SO_LINGER of 0 s as well, unread data is what __tcp_close looks at first', () => {
    const both = { flags: SOCK.LINGER, lingerTime: 0, rcvNxt: 1100, copiedSeq: 1000 };
    expect(ending(...abort(via, 'ESTABLISHED', both))).toEqual(['unread_data', 'local']);
  });
});
