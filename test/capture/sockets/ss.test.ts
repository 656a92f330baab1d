import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isOrphan } from '../../../src/capture/sockets/proc-net-tcp.ts';
import { parseSsSock } from '../../../src/capture/sockets/ss.ts';

type Fields = { state?: string; local?: string; peer?: string; timer?: string; uid?: string; inode?: number };
const line = (on: Fields = {}): string =>
  `${(on.state ?? 'FIN-WAIT-1').padEnd(10)} 0      1001   ${on.local ?? '10.0.0.1:443'} ${on.peer ?? '10.0.0.2:51234'} ${on.timer ?? 'timer:(on,1.234ms,3)'}${on.uid ?? ''} ino:${on.inode ?? 0} sk:1a cgroup:/x ino:5 ---`;

describe('a line of ss', () => {
  test('is read', () => {
    expect(parseSsSock(line())).toEqual({
      family: 'ipv4',
      laddr: '10.0.0.1',
      lport: 443,
      raddr: '10.0.0.2',
      rport: 51_234,
      state: 4,
      txQueue: 1001,
      rxQueue: 0,
      timer: 1,
      timerMs: 1234,
      retransmits: 3,
      probesOut: 0,
      inode: 0,
    });
  });

  test.each([
    ['005ms', 5],
    ['200ms', 200],
    ['9.096ms', 9096],
    ['9.096sec', 9096],
    ['1.000sec', 1000],
    ['9sec', 9000],
    ['57sec', 57_000],
    ['1min', 60_000],
    ['1min20sec', 80_000],
    ['2min5sec', 125_000],
    ['59min', 3_540_000],
    ['', 0],
  ])('has its time: %s', (text, ms) => {
    expect(parseSsSock(line({ timer: `timer:(keepalive,${text},0)` }))?.timerMs).toBe(ms);
  });

  test.each([
    ['timer:(on,200ms,7)', { timer: 1, retransmits: 7, probesOut: 0 }],
    ['timer:(keepalive,57sec,0)', { timer: 2, retransmits: 0, probesOut: 0 }],
    ['timer:(timewait,57sec,0)', { timer: 3, retransmits: 0, probesOut: 0 }],
    ['timer:(persist,1.600ms,2)', { timer: 4, retransmits: 0, probesOut: 2 }],
    ['', { timer: 0, timerMs: 0, retransmits: 0, probesOut: 0 }],
  ])('has its timer and what it counts: %s', (timer, wanted) => {
    expect(parseSsSock(line({ timer }))).toMatchObject(wanted);
  });

  test.each([
    ['ESTAB', 1],
    ['SYN-SENT', 2],
    ['SYN-RECV', 3],
    ['FIN-WAIT-1', 4],
    ['FIN-WAIT-2', 5],
    ['TIME-WAIT', 6],
    ['UNCONN', 7],
    ['CLOSE-WAIT', 8],
    ['LAST-ACK', 9],
    ['LISTEN', 10],
    ['CLOSING', 11],
  ])('has its state: %s', (state, number) => {
    expect(parseSsSock(line({ state }))?.state).toBe(number);
  });

  test.each([
    ['[::1]:80', 'ipv6', '::1', 80],
    ['[::ffff:10.0.0.1]:80', 'ipv6', '::ffff:10.0.0.1', 80],
    ['[fe80::1%eth0]:80', 'ipv6', 'fe80::1', 80],
    ['[::]:*', 'ipv6', '::', 0],
    ['*:80', 'ipv6', '::', 80],
    ['0.0.0.0:*', 'ipv4', '0.0.0.0', 0],
    ['10.0.0.1%eth0:80', 'ipv4', '10.0.0.1', 80],
  ])('has its family, address and port: %s', (local, family, laddr, lport) => {
    expect(parseSsSock(line({ local }))).toMatchObject({ family, laddr, lport });
  });

  test('has its inode, whatever its cgroup is called, and with a uid before it', () => {
    expect(parseSsSock(line({ inode: 94_154_879, uid: ' uid:4294967294' }))?.inode).toBe(94_154_879);
  });

  test('tells an orphan from a minisock', () => {
    const orphan = parseSsSock(line({ state: 'FIN-WAIT-2', timer: 'timer:(keepalive,57sec,0)' }));
    const minisock = parseSsSock(line({ state: 'FIN-WAIT-2', timer: 'timer:(timewait,57sec,0)' }));
    expect([orphan, minisock].map((sock) => sock !== null && isOrphan(sock))).toEqual([true, false]);
  });
});

test.each([
  '',
  'Cannot open netlink socket: Permission denied',
  'FIN-WAIT-1 0 1001 10.0.0.1:443',
  line().replace(' ino:0', '').replace(' ino:5', ''),
  line({ state: 'BOUND' }),
  line({ local: 'x' }),
  line({ timer: 'timer:(later,57sec,0)' }),
  line({ timer: 'timer:(on,57hours,0)' }),
])('what is no socket is none: %j', (text) => {
  expect(parseSsSock(text)).toBeNull();
});

test('any text never throws', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseSsSock(text) !== undefined));
});
