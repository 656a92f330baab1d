import { expect, test } from 'vitest';
import { createCgroupIds, parseOrphanInfo } from '../../../src/capture/sockets/orphan-info.ts';

/** As ss of Debian 12 prints it, on Linux 6.18: an orphan whose peer has shut its window. */
const SHUT =
  'FIN-WAIT-1 0      2803713 127.0.0.1:32768 127.0.0.1:8443 timer:(persist,488ms,0) uid:1000 ino:0 sk:1a cgroup:/x --- skmem:(r0,rb131072,t0,tb3939840,f1792,w3938560,o0,bl0,d0) ts sack bbr wscale:0,10 rto:208.5 backoff:3 rtt:5.487/10.962 mss:2048 pmtu:65535 rcvmss:536 advmss:65483 cwnd:12 bytes_sent:4096 bytes_acked:4097 segs_out:7 segs_in:5 data_segs_out:2 bbr:(bw:963764648bps,mrtt:0.007,pacing_gain:2.88672,cwnd_gain:2.88672) send 35831602bps lastsnd:2748 lastrcv:3476 lastack:1176 pacing_rate 66890055944bps delivery_rate 963764704bps delivered:3 app_limited busy:2748ms rwnd_limited:2748ms(100.0%) rcv_space:65495 rcv_ssthresh:65495 notsent:2803713 minrtt:0.007';
const READ = {
  sock: {
    family: 'ipv4',
    laddr: '127.0.0.1',
    lport: 32_768,
    raddr: '127.0.0.1',
    rport: 8443,
    state: 4,
    txQueue: 2_803_713,
    rxQueue: 0,
    timer: 4,
    timerMs: 488,
    probesOut: 0,
    retransmits: 0,
    inode: 0,
  },
  cookie: '26',
  uid: 1000,
  cgroup: '/x',
  backoff: 3,
  rtoUs: 208_500,
  packetsOut: 0,
  notSent: 2_803_713,
  sndWnd: null,
  wmemQueued: 3_938_560,
  rmemAlloc: 0,
  forwardAlloc: 1792,
  lastSendMs: 2748,
  lastAckMs: 1176,
};

test('an orphan is read as ss prints it', () => {
  expect(parseOrphanInfo(SHUT)).toEqual(READ);
});

test('a figure that ss leaves out is 0, but a window is not known', () => {
  const line = SHUT.replace(' backoff:3', '').replace(' lastack:1176', '').replace(' uid:1000', '');
  expect(parseOrphanInfo(line)).toEqual({ ...READ, backoff: 0, lastAckMs: 0, uid: 0 });
  expect(parseOrphanInfo(`${SHUT} snd_wnd:65536`)).toEqual({ ...READ, sndWnd: 65_536 });
  const sending = SHUT.replace('notsent:2803713', 'notsent:5').replace(' lastsnd', ' unacked:7 lastsnd');
  expect(parseOrphanInfo(sending)).toEqual({ ...READ, notSent: 5, packetsOut: 7 });
});

test('a reserve below 0 holds nothing', () => {
  expect(parseOrphanInfo(SHUT.replace('f1792', `f${2 ** 32 - 500}`))?.forwardAlloc).toBe(0);
});

test('the path of a cgroup changes nothing else, whatever a user calls it', () => {
  const path =
    '/a b skmem:(r1,rb1,t0,tb1,f1,w1,o0,bl0,d0) rto:1 backoff:9 unacked:9 ino:5 sk:ff uid:0 timer:(on,9sec,9) cgroup:/y';
  expect(parseOrphanInfo(SHUT.replace('/x', path))).toEqual({ ...READ, cgroup: path });
});

test.each([
  ['an empty line', ''],
  ['a message', 'Cannot open netlink socket: Permission denied'],
  ['a socket with an inode', SHUT.replace('ino:0', 'ino:77')],
  ['a minisock', SHUT.replace('FIN-WAIT-1', 'FIN-WAIT-2').replace('persist,488ms', 'timewait,58sec')],
  ['a socket without memory', SHUT.replace('skmem', 'mem')],
  ['a socket without a cookie', SHUT.replace(' sk:1a', '')],
  ['an established socket', SHUT.replace('FIN-WAIT-1', 'ESTAB')],
])('%s is no orphan', (_what, line) => {
  expect(parseOrphanInfo(line)).toBeNull();
});

test('the id of a cgroup is the inode of its directory, and null where there is none', () => {
  const idOf = createCgroupIds();
  expect(idOf('unreachable:1f')).toBe('31');
  expect(idOf('/no/such/cgroup')).toBeNull();
  expect(idOf('relative')).toBeNull();
});
