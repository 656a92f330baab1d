import { describe, expect, test } from 'vitest';
import { keyOf, lastState, peerAddress, peerNetwork } from '../../../src/explain/report/keys.ts';
import { GROUPINGS } from '../../../src/explain/report/report.ts';
import { aDying, aPath } from '../../builders/rows.ts';

describe('the network of a peer', () => {
  test.each([
    ['ipv4', '192.0.2.77', '192.0.2.0/24'],
    ['ipv6', '::ffff:192.0.2.77', '192.0.2.0/24'],
    ['ipv6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['ipv6', '2001:db8::1', '2001:db8::/64'],
    ['ipv6', '2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['ipv6', 'fe80::1:2:3:4', 'fe80::/64'],
    ['ipv6', '1::2:3:4:5:6:7', '1:0:2:3::/64'],
    ['ipv6', '::', '::/64'],
    ['ipv6', '::1', '::/64'],
    ['ipv6', '64:ff9b::192.0.2.1', '64:ff9b::/64'],
  ] as const)('of %s %s is %s', (family, raddr, network) => {
    expect(peerNetwork({ family, raddr, rport: 1 })).toBe(network);
  });

  test('and its address are none for what was never connected', () => {
    expect(peerNetwork({ family: 'ipv4', raddr: '0.0.0.0', rport: 0 })).toBe('(no peer)');
    expect(peerAddress({ raddr: '0.0.0.0', rport: 0 })).toBe('(no peer)');
  });
});

test('a mapped address is the IPv4 address', () => {
  expect(peerAddress({ raddr: '::ffff:192.0.2.77', rport: 1 })).toBe('192.0.2.77');
  expect(peerAddress({ raddr: '::ffff:0:192.0.2.77', rport: 1 })).toBe('::ffff:0:192.0.2.77');
  expect(peerAddress({ raddr: '192.0.2.77', rport: 1 })).toBe('192.0.2.77');
});

test('the state is where it is, or where it came from into CLOSE', () => {
  expect(lastState(aDying())).toBe('FIN_WAIT2');
  const path = [{ at_us: 1, from: 'LAST_ACK', to: 'CLOSE', by: 'softirq' } as const];
  expect(lastState(aPath({ path }))).toBe('LAST_ACK');
  expect(lastState(aPath({ path: [], closed_in: 'CLOSE' }))).toBe('CLOSE');
});

test('the state of one whose transitions nobody saw is where it was seen', () => {
  const unobserved = { path: [], closed_in: null };
  expect(lastState(aDying({ ...unobserved, state: 'LAST_ACK' }))).toBe('LAST_ACK');
  expect(lastState(aPath({ ...unobserved, state: 'CLOSING' }))).toBe('CLOSING');
  expect(lastState(aDying({ ...unobserved, state: null }))).toBe('unknown');
});

test('a socket has a key for each grouping', () => {
  const row = aDying({ waiting_for: 'window' });
  expect(GROUPINGS.map((by) => keyOf(row, by, 'local port 443'))).toEqual([
    'nginx',
    '192.0.2.7',
    'local port 443',
    'window',
    'FIN_WAIT2',
    'netns 4026531840',
  ]);
  expect(keyOf(aPath({ closer: null, how: 'listener' }), 'closer', '')).toBe('(never accepted)');
  expect(keyOf(aDying({ waiting_for: 'nothing' }), 'cause', '')).toBe('unknown');
});
