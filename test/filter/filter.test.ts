import { describe, expect, test } from 'vitest';
import { filterFromJson, filterOf, filterText, filterTexts } from '../../src/filter/filter.ts';
import { type FilterOptions, NO_FILTER, type PathFilter } from '../../src/filter/table.ts';

describe('the filter of the options', () => {
  test('of none is none, and notes nothing in meta', () => {
    expect(filterOf({})).toBe(NO_FILTER);
    expect(filterTexts(NO_FILTER)).toEqual({});
  });

  test('of all', () => {
    const all: FilterOptions = {
      pid: 7,
      lport: [
        [80, 80],
        [443, 443],
        [9000, 9100],
      ],
      dport: [[1, 1]],
      ipv6: true,
      netns: 5,
      comm: 'nginx',
      state: 'LAST_ACK',
      minAge: 10,
    };
    expect(filterOf(all)).toEqual({
      pid: 7,
      localPorts: [
        [80, 80],
        [443, 443],
        [9000, 9100],
      ],
      remotePorts: [[1, 1]],
      family: 'ipv6',
      netns: 5,
      comm: 'nginx',
      state: 'LAST_ACK',
      minAgeUs: 10_000,
    });
    expect(filterTexts(filterOf(all))).toEqual({
      pid: '7',
      local_ports: '80,443,9000-9100',
      remote_ports: '1',
      family: 'ipv6',
      netns: '5',
      comm: 'nginx',
      state: 'LAST_ACK',
      min_age_us: '10000',
    });
  });

  test('of IPv4', () => {
    expect(filterOf({ ipv4: true }).family).toBe('ipv4');
  });
});

test.each<[string, Partial<PathFilter>]>([
  ['', {}],
  ['-p 7 --state CLOSING', { pid: 7, state: 'CLOSING' }],
  [
    '-L 80,443 -D 9 -6 --netns 5',
    {
      localPorts: [
        [80, 80],
        [443, 443],
      ],
      remotePorts: [[9, 9]],
      family: 'ipv6',
      netns: 5,
    },
  ],
  ['-4 --comm nginx --min-age 0.5ms', { family: 'ipv4', comm: 'nginx', minAgeUs: 500 }],
])('a filter reads as on the command line: %s', (text, change) => {
  expect(filterText({ ...NO_FILTER, ...change })).toBe(text);
});

test('a filter in JSON has every row of the table, and nothing else', () => {
  expect(filterFromJson({ ...NO_FILTER, pid: 7, color: 'red' })).toEqual({ ...NO_FILTER, pid: 7 });
  expect(filterFromJson({ ...NO_FILTER, pid: '7' })).toBeNull();
  expect(filterFromJson({ pid: 7 })).toBeNull();
});
