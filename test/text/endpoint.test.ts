import { expect, test } from 'vitest';
import { bothEnds, endpoint, localEnd, peerEnd } from '../../src/text/endpoint.ts';

test('an endpoint has brackets around IPv6 only', () => {
  expect(endpoint('ipv4', '10.0.0.1', 443)).toBe('10.0.0.1:443');
  expect(endpoint('ipv6', '::1', 443)).toBe('[::1]:443');
});

test('of any peer there is no address', () => {
  expect(endpoint('ipv6', null, 0)).toBe('*');
});

test('an address or a port that nobody knows is a question mark', () => {
  const cleared = { laddr: null, lport: 443, rport: null } as const;
  expect(bothEnds({ ...cleared, family: 'ipv4', raddr: '10.0.0.2' })).toBe('?:443 -> 10.0.0.2:?');
  expect(bothEnds({ ...cleared, family: 'ipv6', raddr: '::2' })).toBe('?:443 -> [::2]:?');
});

test('of two ends the local one comes first', () => {
  const socket = { family: 'ipv6', laddr: '::1', lport: 443, raddr: '::2', rport: 51_234 } as const;
  expect([localEnd(socket), peerEnd(socket)]).toEqual(['[::1]:443', '[::2]:51234']);
  expect(bothEnds(socket)).toBe('[::1]:443 -> [::2]:51234');
});
