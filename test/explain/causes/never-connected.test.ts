import { describe, expect, test } from 'vitest';
import { ABORTS, abort, ending, FINDS, found, past } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';

test.each(ABORTS)('in a close that was %s, while connecting', (_how, via) => {
  expect(ending(...abort(via, 'SYN_SENT'))).toEqual(['never_connected', 'local']);
});

describe.each(FINDS)('found in CLOSE by the close, %s', (_how, via) => {
  test('with no peer: it was never connected', () => {
    expect(ending(...found(via, [], 0, { peer: '0.0.0.0', rport: 0 }))).toEqual(['never_connected', 'none']);
  });

  test.each([
    [111, 'peer'],
    [110, 'unknown'],
  ] as const)('connect() had failed with errno %d', (err, side) => {
    const path = pathOf(found(via, [past('SYN_SENT', { err })], err));
    expect([path.ended_by, path.side]).toEqual(['never_connected', side]);
  });

  test('a SYN that nobody answered is no lost data', () => {
    const path = pathOf(found(via, [past('SYN_SENT', { err: 110 })], 110, { writeSeq: 5001, sndUna: 5000 }));
    expect(path.lost_bytes).toBeNull();
  });
});
