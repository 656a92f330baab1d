import { isIPv6, SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv4Text, ipv6Text, swap16 } from '../../src/kernel/address.ts';
import { ipv4Word, ipv6Bytes } from '../builders/wire-lines.ts';

type Words = readonly [number, number, number, number];

const wordsOf = (bytes: readonly number[]): Words => {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  return [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true), view.getUint32(12, true)];
};
const canonical = (address: string): string => new SocketAddress({ address, family: 'ipv6' }).address;
const hostname = (address: string): string => new URL(`http://[${address}]`).hostname.slice(1, -1);
/** Bytes with runs of zeros, which is where texts differ. */
const bytes = fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat({ max: 255 })), {
  minLength: 16,
  maxLength: 16,
});
const groupsOf = (all: readonly number[]): string =>
  Array.from({ length: 8 }, (_, i) => (((all[2 * i] ?? 0) << 8) | (all[2 * i + 1] ?? 0)).toString(16)).join(':');

describe('IPv6 text', () => {
  test('of any address is the canonical form that node knows it by', () => {
    fc.assert(
      fc.property(bytes, (all) => {
        const text = ipv6Text(wordsOf(all));
        expect(isIPv6(text)).toBe(true);
        expect(canonical(text)).toBe(canonical(groupsOf(all)));
        const isMapped = all.slice(0, 12).join() === '0,0,0,0,0,0,0,0,0,0,255,255';
        if (!isMapped) expect(text).toBe(hostname(groupsOf(all)));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['::', '::'],
    ['::1', '::1'],
    ['2001:db8::', '2001:db8::'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['fe80::ABCD', 'fe80::abcd'],
  ])('%s is written %s (RFC 5952)', (given, text) => {
    expect(ipv6Text(wordsOf(ipv6Bytes(given)))).toBe(text);
  });

  test('an IPv4-mapped address has its dotted form, as ss prints it', () => {
    expect(ipv6Text(wordsOf([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1]))).toBe('::ffff:192.0.2.1');
  });
});

test('IPv4 text of any address is its bytes in the order of the wire', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(ipv4Text(ipv4Word(address))).toBe(address);
    }),
  );
});

test('swapping a port twice gives it back', () => {
  expect(swap16(0xbb01)).toBe(443);
  fc.assert(
    fc.property(fc.nat({ max: 65_535 }), (port) => {
      expect(swap16(swap16(port))).toBe(port);
    }),
  );
});
