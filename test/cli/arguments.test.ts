import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import {
  checkMinAge,
  idleFilters,
  parseBackend,
  parseDuration,
  parseRunTime,
  parseSpeed,
} from '../../src/cli/arguments.ts';

const refuses = (parse: (text: string) => unknown, ...texts: readonly string[]): void => {
  for (const text of texts) expect(() => parse(text), text).toThrow(InvalidArgumentError);
};

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

describe('a backend', () => {
  test.each(['auto', 'fentry', 'kprobe', 'tracepoint'])('%s', (text) => {
    expect(parseBackend(text)).toBe(text);
  });

  test('unheard of is refused', () => {
    refuses(parseBackend, '', 'ebpf', 'Fentry');
  });
});

test('a value that an option does not take is refused with what it takes', () => {
  expect(parseDuration('10ms')).toBe(10);
  expect(() => parseDuration('10')).toThrow(
    new InvalidArgumentError('give a number and a unit: 500us, 10ms, 30s, 2m, 1h'),
  );
});

test('a run of no time is refused', () => {
  expect(parseRunTime('1ms')).toBe(1);
  for (const text of ['0', '0s', '0.0h']) expect(() => parseRunTime(text)).toThrow(/a time above 0.*Ctrl\+C/);
});

test('an age that a live capture cannot wait for is refused, with what to do', () => {
  checkMinAge(parseDuration('5m'));
  try {
    checkMinAge(parseDuration('1h'));
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({
      message: expect.stringContaining('5m at most'),
      remedy: expect.stringContaining('finwait trace --min-age 1h FILE'),
      exitCode: 2,
    });
  }
});

test('a name that cannot stand in a script is one that the recording has all sockets for', () => {
  expect(idleFilters({ backend: 'auto', comm: 'nginx' })).toEqual([]);
  expect(idleFilters({ backend: 'auto', comm: 'a"b' })).toEqual(['comm']);
});
