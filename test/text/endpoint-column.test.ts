import { expect, it } from 'vitest';
import { endpoint } from '../../src/text/endpoint.ts';
import { endpointColumn } from '../../src/text/endpoint-column.ts';

it('a port is never cut off its address', () => {
  expect(endpointColumn(endpoint('ipv6', '2001:db8::1:2:3', 443), 14)).toBe('…8::1:2:3]:443');
  expect(endpointColumn(endpoint('ipv4', '10.0.0.5', 54_321), 6)).toBe(':54321');
  expect(endpointColumn(endpoint('ipv4', '10.0.0.5', 443), 12)).toBe('10.0.0.5:443');
});

it('addresses of one network, and ports of one address, stay apart in a narrow column', () => {
  const peers = [
    endpoint('ipv4', '10.90.1.21', 8443),
    endpoint('ipv4', '10.90.1.22', 8443),
    endpoint('ipv4', '10.90.1.22', 8444),
    endpoint('ipv6', '2001:db8:85a3::8a2e:370:7334', 8443),
    endpoint('ipv6', '2001:db8:85a3::8a2e:370:7335', 8443),
  ];
  const shown = peers.map((peer) => endpointColumn(peer, 12));
  expect(shown).toEqual(['…0.1.21:8443', '…0.1.22:8443', '…0.1.22:8444', '…:7334]:8443', '…:7335]:8443']);
});
