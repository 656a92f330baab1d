import { describe, expect, test } from 'vitest';
import { abort, FINDS, forgotten, found, past } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';
import { type AnnounceFields, destroyLine, us } from '../../builders/wire-lines.ts';

const ends = (lines: readonly string[]) => {
  const { laddr, lport, raddr, rport } = pathOf(lines);
  return { laddr, lport, raddr, rport };
};
const child = (change: AnnounceFields) =>
  ends([forgotten({ moves: [past('ESTABLISHED', { at: -us(9) })], ...change }), destroyLine({ at: us(5) })]);

describe('a tuple that tcp_disconnect had cleared', () => {
  test.each([
    ['10.0.0.1', '10.0.0.2', '10.0.0.1'],
    ['0.0.0.0', '10.0.0.2', null],
    ['fd00::1', 'fd00::2', 'fd00::1'],
    ['::', 'fd00::2', null],
  ])('local %s, peer %s: the port of the peer is not known, and a cleared address neither', (local, peer, laddr) => {
    expect(child({ local, peer, rport: 0 })).toEqual({ laddr, lport: 443, raddr: peer, rport: null });
  });

  test.each(FINDS)('after a connect() that failed, %s: the same', (_how, via) => {
    expect(ends(found(via, [past('SYN_SENT', { err: 111 })], 111, { local: '0.0.0.0', rport: 0 }))).toMatchObject({
      laddr: null,
      rport: null,
    });
  });
});

describe('port 0 and address 0.0.0.0 are the truth', () => {
  const nobody = { local: '0.0.0.0', peer: '0.0.0.0', rport: 0 } as const;

  test.each(FINDS)('for a socket that was never connected, %s', (_how, via) => {
    expect(ends(found(via, [], 0, nobody))).toMatchObject({ laddr: '0.0.0.0', raddr: '0.0.0.0', rport: 0 });
  });

  test.each(FINDS)('for a listener, even one that had been a client before, %s', (_how, via) => {
    const listened = [past('LISTEN')];
    expect(ends(found(via, listened, 0, nobody))).toMatchObject({ laddr: '0.0.0.0', rport: 0 });
    expect(ends(found(via, listened, 0, { ...nobody, peer: '10.0.0.2' }))).toMatchObject({
      laddr: '0.0.0.0',
      rport: 0,
    });
  });

  test('for a listener that is closed', () => {
    expect(ends(abort(2, 'LISTEN', nobody))).toMatchObject({ laddr: '0.0.0.0', rport: 0 });
  });
});

test('a whole tuple of a socket closed in CLOSE stays whole', () => {
  expect(child({ rport: 5000 })).toEqual({ laddr: '10.0.0.1', lport: 443, raddr: '10.0.0.2', rport: 5000 });
});
