import { describe, expect, test } from 'vitest';
import { Refused, readComm, readCount, readDuration, readNetns, readPid, readState } from '../../src/filter/read.ts';

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

describe('a number that names nothing is refused', () => {
  test('as a pid', () => {
    expect([readPid('1'), readPid('4194304')]).toEqual([1, 4_194_304]);
    refuses(readPid, '0', '4194305', '-1', 'bash');
  });

  test('as a namespace', () => {
    expect([readNetns('1'), readNetns('4294967295')]).toEqual([1, 4_294_967_295]);
    refuses(readNetns, '0', '4294967296', '0x10');
  });
});

describe('the name of a process', () => {
  test.each(['a', 'fifteen letters', 'kworker/0:1', 'a"b', 'é'.repeat(7), '\\xff\\xff\\xff\\xff\\xff'])(
    '%s',
    (name) => {
      expect(readComm(name)).toBe(name);
    },
  );

  test('that none can have is refused: none, and more bytes than the kernel keeps', () => {
    refuses(readComm, '', 'é'.repeat(8), 'x'.repeat(16));
    expect(() => readComm('node-MainThread2')).toThrow(/at most 15 bytes.* here to 'node-MainThread'/);
  });
});
