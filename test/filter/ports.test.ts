import { expect, test } from 'vitest';
import { hasPort, isPorts, portsText, readPorts } from '../../src/filter/ports.ts';
import { Refused } from '../../src/filter/read.ts';

test.each([
  ['80', '80'],
  ['443,80', '80,443'],
  ['0,65535', '0,65535'],
  ['9000-9100', '9000-9100'],
  ['7-7', '7'],
  ['80,81,83,82', '80-83'],
  ['100-200,150-300,301,80', '80,100-301'],
  ['0-65535,80', '0-65535'],
])('%s is read as %s', (text, ports) => {
  expect(portsText(readPorts(text))).toBe(ports);
});

test('three thousand ports side by side are one range', () => {
  const text = Array.from({ length: 3000 }, (_, i) => 20_000 + i).join(',');
  expect(readPorts(text)).toEqual([[20_000, 22_999]]);
});

test('what is no port is refused', () => {
  const bad = [
    '',
    ',',
    '80,',
    '65536',
    '-1',
    '0x50',
    ' 80',
    '1e3',
    'http',
    '80-',
    '-',
    '80-90-100',
    '80-65536',
    '000080',
  ];
  for (const text of bad) expect(() => readPorts(text), text).toThrow(Refused);
  expect(() => readPorts('90-80')).toThrow(/lower port of a range first: 80-90/);
});

test('more than the probes can compare is refused, with the limit, also from another process', () => {
  const apart = (count: number, width: number): string =>
    Array.from({ length: count }, (_, i) => (width === 0 ? `${10 * i}` : `${10 * i}-${10 * i + width}`)).join(',');
  expect(readPorts(apart(256, 0))).toHaveLength(256);
  expect(readPorts(apart(64, 5))).toHaveLength(64);
  expect(() => readPorts(apart(257, 0))).toThrow(/at most 256 ports, where a range counts as 4: these count as 257/);
  expect(() => readPorts(apart(65, 5))).toThrow(/these count as 260/);
  const pairs = (count: number) => Array.from({ length: count }, (_, i) => [i, i]);
  expect([isPorts(pairs(256)), isPorts(pairs(257))]).toEqual([true, false]);
});

test('a port is in its range, ends included, and in no other', () => {
  const ports = readPorts('80,9000-9100');
  const found = [79, 80, 81, 8999, 9000, 9050, 9100, 9101].filter((port) => hasPort(ports, port));
  expect(found).toEqual([80, 9000, 9050, 9100]);
});
