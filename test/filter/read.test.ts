import { describe, expect, test } from 'vitest';
import { Refused, readCount, readDuration, readPorts, readState } from '../../src/filter/read.ts';

const refuses = (read: (text: string) => unknown, ...texts: readonly string[]): void => {
  for (const text of texts) expect(() => read(text), text).toThrow(Refused);
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
    expect(readDuration(text)).toBe(duration);
  });

  test('needs a unit and is never negative', () => {
    refuses(readDuration, '', '10', '10 s', '-1s', 's', '1d', '1e3s', 'ms10', '١s', '10S');
  });

  test('longer than a timer of Node can wait is refused, not cut', () => {
    expect(readDuration('596h')).toBeLessThan(2 ** 31);
    refuses(readDuration, '597h', '99999999999999999999s');
  });
});

describe('ports', () => {
  test.each([
    ['80', [80]],
    ['80,443', [80, 443]],
    ['0,65535', [0, 65_535]],
  ])('%s', (text, ports) => {
    expect(readPorts(text)).toEqual(ports);
  });

  test('that are none are refused', () => {
    refuses(readPorts, '', ',', '80,', '65536', '-1', '0x50', '80-90', ' 80', '1e3', 'http');
  });
});

describe('a count', () => {
  test('is a whole number', () => {
    expect(readCount('4026531840')).toBe(4_026_531_840);
    refuses(readCount, '', '-1', '1.5', '0x10', '1e3', '9999999999999999', ' 1');
  });
});

describe('a state', () => {
  test.each([
    ['FIN_WAIT1', 'FIN_WAIT1'],
    ['fin_wait1', 'FIN_WAIT1'],
    ['last-ack', 'LAST_ACK'],
    ['TCP_CLOSE_WAIT', 'CLOSE_WAIT'],
  ])('%s', (text, state) => {
    expect(readState(text)).toBe(state);
  });

  test('no kernel has is refused, with those it has', () => {
    refuses(readState, '', 'OPEN', 'FIN', '4');
    expect(() => readState('OPEN')).toThrow(/FIN_WAIT1/);
  });
});
