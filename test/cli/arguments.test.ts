import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import {
  filterOf,
  filterTexts,
  parseBackend,
  parseCount,
  parseDuration,
  parsePorts,
  parseSpeed,
  parseState,
  type SharedOptions,
} from '../../src/cli/arguments.ts';
import { NO_FILTER } from '../../src/stream/filter.ts';

const refuses = (parse: (text: string) => unknown, ...texts: readonly string[]): void => {
  for (const text of texts) expect(() => parse(text), text).toThrow(InvalidArgumentError);
};

describe('a duration', () => {
  test.each([
    ['500us', 0.5],
    ['10ms', 10],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['0', 0],
    ['0s', 0],
  ])('%s is %d ms', (text, duration) => {
    expect(parseDuration(text)).toBe(duration);
  });

  test('needs a unit and is never negative', () => {
    refuses(parseDuration, '', '10', '10 s', '-1s', 's', '1d', '1e3s', 'ms10', '١s', '10S');
  });

  test('longer than a timer of Node can wait is refused, not cut', () => {
    expect(parseDuration('596h')).toBeLessThan(2 ** 31);
    refuses(parseDuration, '597h', '99999999999999999999s');
  });
});

describe('ports', () => {
  test.each([
    ['80', [80]],
    ['80,443', [80, 443]],
    ['0,65535', [0, 65_535]],
  ])('%s', (text, ports) => {
    expect(parsePorts(text)).toEqual(ports);
  });

  test('that are none are refused', () => {
    refuses(parsePorts, '', ',', '80,', '65536', '-1', '0x50', '80-90', ' 80', '1e3', 'http');
  });
});

describe('a count', () => {
  test('is a whole number', () => {
    expect(parseCount('4026531840')).toBe(4_026_531_840);
    refuses(parseCount, '', '-1', '1.5', '0x10', '1e3', '9999999999999999', ' 1');
  });
});

describe('a speed', () => {
  test.each([
    ['1', 1],
    ['10x', 10],
    ['0.5', 0.5],
    ['max', Number.POSITIVE_INFINITY],
  ])('%s', (text, speed) => {
    expect(parseSpeed(text)).toBe(speed);
  });

  test('of nothing, backwards or no number is refused', () => {
    refuses(parseSpeed, '', '0', '-1', 'fast', 'x', 'NaN');
  });
});

describe('a state', () => {
  test.each([
    ['FIN_WAIT1', 'FIN_WAIT1'],
    ['fin_wait1', 'FIN_WAIT1'],
    ['last-ack', 'LAST_ACK'],
    ['TCP_CLOSE_WAIT', 'CLOSE_WAIT'],
  ])('%s', (text, state) => {
    expect(parseState(text)).toBe(state);
  });

  test('no kernel has is refused, with those it has', () => {
    refuses(parseState, '', 'OPEN', 'FIN', '4');
    expect(() => parseState('OPEN')).toThrow(/FIN_WAIT1/);
  });
});

describe('a backend', () => {
  test.each(['auto', 'fentry', 'kprobe', 'tracepoint'])('%s', (text) => {
    expect(parseBackend(text)).toBe(text);
  });

  test('unheard of is refused', () => {
    refuses(parseBackend, '', 'ebpf', 'Fentry');
  });
});

describe('the filter of the options', () => {
  const options = (change: Partial<SharedOptions>): SharedOptions => ({ backend: 'auto', ...change });

  test('of none is none, and notes nothing in meta', () => {
    expect(filterOf(options({}))).toEqual(NO_FILTER);
    expect(filterTexts(options({}))).toEqual({});
  });

  test('of all', () => {
    const all = options({
      pid: 7,
      lport: [80, 443],
      dport: [1],
      ipv6: true,
      netns: 5,
      comm: 'nginx',
      state: 'LAST_ACK',
      minAge: 10,
    });
    expect(filterOf(all)).toEqual({
      pid: 7,
      localPorts: [80, 443],
      remotePorts: [1],
      family: 'ipv6',
      netns: 5,
      comm: 'nginx',
      state: 'LAST_ACK',
      minAgeUs: 10_000,
    });
    expect(filterTexts(all)).toEqual({
      pid: '7',
      local_ports: '80,443',
      remote_ports: '1',
      family: 'ipv6',
      netns: '5',
      comm: 'nginx',
      state: 'LAST_ACK',
      min_age_us: '10000',
    });
  });

  test('of IPv4', () => {
    expect(filterOf(options({ ipv4: true })).family).toBe('ipv4');
  });
});
