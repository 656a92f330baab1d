import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSocketInfo, socketKey } from '../../../src/capture/sockets/socket-info.ts';

const line = (on: { state?: string; local?: string; peer?: string; inode?: number; more?: string } = {}): string =>
  `${on.state ?? 'CLOSE-WAIT'} 11 0 ${on.local ?? '127.0.0.1:34567'} ${on.peer ?? '127.0.0.1:45970'} ino:${on.inode ?? 94_154_879} sk:39b09f cgroup:/x -->\t skmem:(r768,rb131072,t0,tb2626560,f3328,w100,o0,bl0,d0) ${on.more ?? 'ts sack bbr wscale:10,10 rto:204 lastsnd:5008 lastrcv:4008 lastack:2008 minrtt:0.008'}`;

describe('a socket as ss shows it', () => {
  test('is read', () => {
    expect(parseSocketInfo(line())).toEqual({
      state: 'CLOSE-WAIT',
      key: socketKey('127.0.0.1', 34_567, '127.0.0.1', 45_970),
      inode: 94_154_879,
      isMinisock: false,
      lastRcvMs: 4008,
      lastAckMs: 2008,
      memBytes: 768 + 3328 + 100,
    });
  });

  test.each([
    ['[::1]:80', '::1'],
    ['[::ffff:10.0.0.1]:80', '::ffff:10.0.0.1'],
    ['[fe80::1]%eth0:80', 'fe80::1'],
    ['[fe80::1%eth0]:80', 'fe80::1'],
    ['10.0.0.1%eth0:80', '10.0.0.1'],
  ])('has its address without the interface: %s', (local, address) => {
    expect(parseSocketInfo(line({ local }))?.key).toBe(socketKey(address, 80, '127.0.0.1', 45_970));
  });

  test('has a time of 0 where ss left it out, and none where ss knew nothing', () => {
    expect(parseSocketInfo(line({ more: 'ts rto:204 lastack:4' }))).toMatchObject({ lastRcvMs: 0, lastAckMs: 4 });
    expect(parseSocketInfo(line({ more: '' }))).toMatchObject({ lastRcvMs: null, lastAckMs: null });
  });

  test('has a negative reserve printed as a large one', () => {
    expect(parseSocketInfo(line().replace('f3328', `f${2 ** 32 - 500}`))?.memBytes).toBe(768 - 500 + 100);
  });

  test('is told by ss alone, whatever its cgroup is called', () => {
    const path =
      '/x skmem:(r1,rb1,t0,tb1,f1,w1,o0,bl0,d0) rto:1 lastrcv:1 lastack:1 ino:1 timer:(timewait,1sec,0) cgroup:/y';
    expect(parseSocketInfo(line().replace('/x', path))).toEqual(parseSocketInfo(line()));
    const orphan = line({ state: 'FIN-WAIT-1', inode: 0 });
    expect(parseSocketInfo(orphan.replace('/x', path))).toEqual(parseSocketInfo(orphan));
  });

  test('is no minisock unless its timer says so', () => {
    const minisock = 'FIN-WAIT-2 0 0 127.0.0.1:1 127.0.0.1:2 timer:(timewait,58sec,0) ino:0 sk:1';
    expect(parseSocketInfo(minisock)).toMatchObject({ isMinisock: true, memBytes: null });
  });
});

test.each(['', 'Cannot open netlink socket: Permission denied', 'CLOSE-WAIT 0 0', line({ local: 'x' })])(
  'what is no socket is passed over: %j',
  (text) => {
    expect(parseSocketInfo(text)).toBeNull();
  },
);

test('any text never throws', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseSocketInfo(text) !== undefined));
});
