import { expect, it } from 'vitest';
import { endpoint } from '../../src/text/endpoint.ts';
import { endpointColumn } from '../../src/text/endpoint-column.ts';

it('a port is never cut off its address', () => {
  expect(endpointColumn(endpoint('ipv6', '2001:db8::1:2:3', 443), 15)).toBe('[2001:db8:…:443');
  expect(endpointColumn(endpoint('ipv4', '10.0.0.5', 54_321), 6)).toBe(':54321');
  expect(endpointColumn(endpoint('ipv4', '10.0.0.5', 443), 12)).toBe('10.0.0.5:443');
});
