import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import { parseSocket } from '../../src/cli/socket-argument.ts';
import { aPath } from '../builders/rows.ts';

const row = aPath({ sk: 'ffff888100000001', generation: 3 });
const six = aPath({ sk: 'ffff888100000009', family: 'ipv6', laddr: '2001:db8::1', raddr: '2001:db8::2' });

describe('--socket', () => {
  test.each([
    'ffff888100000001',
    '0xFFFF888100000001',
    'ffff888100000001/3',
    '10.0.0.5:443->192.0.2.7:51234',
    '10.0.0.5:443 -> 192.0.2.7:51234',
    '10.0.0.5:443,192.0.2.7:51234',
    '10.0.0.5:443 192.0.2.7:51234',
    '10.0.0.5:443',
    '192.0.2.7:51234',
  ])('%s is this socket', (text) => {
    expect(parseSocket(text).isRow(row)).toBe(true);
    expect(parseSocket(text).isRow(six)).toBe(false);
  });

  test.each(['ffff888100000001/2', '192.0.2.7:51234->10.0.0.5:443', '10.0.0.5:4', 'ffff888100000002'])(
    '%s is another',
    (text) => {
      expect(parseSocket(text).isRow(row)).toBe(false);
    },
  );

  test('takes IPv6 in brackets', () => {
    expect(parseSocket('[2001:db8::1]:443->[2001:db8::2]:51234').isRow(six)).toBe(true);
  });

  test('matches no socket without an address by address', () => {
    expect(parseSocket('ffff888100000001').isRow(aPath({ sk: null }))).toBe(false);
  });

  test.each(['', '443', 'nginx', '10.0.0.5', '1.2.3.4:5->', '->', 'a->b', '1.2.3.4:1,1.2.3.4:2,1.2.3.4:3'])(
    '%j is a wrong command line, or one endpoint',
    (text) => {
      if (text === '1.2.3.4:5->') expect(parseSocket(text).isRow(row)).toBe(false);
      else expect(() => parseSocket(text)).toThrow(InvalidArgumentError);
    },
  );
});
