import { describe, expect, test } from 'vitest';
import { withoutTimeWait } from '../../../src/capture/sockets/without-time-wait.ts';

const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const tcp = (number: string, state: string): string =>
  `${number}: 0100007F:06DC 0600007F:0606 ${state} 00000000:00000000 00:00000000 00000000     0        0 06 1 ${' '.repeat(9)}\n`;
const V6 = '00000000000000000000000001000000:06DC';
const tcp6 = (number: string, state: string): string =>
  `${number}: ${V6} ${V6} ${state} 00000000:00000000 00:00000000\n`;

/** The rest of a table that is read in pieces of so many bytes. */
const sift = (table: string, bytes: number) => {
  const sieve = withoutTimeWait();
  const data = Buffer.from(table);
  for (let at = 0; at < data.length; at += bytes) sieve.push(data.subarray(at, at + bytes));
  return sieve.end();
};

describe.each([1, 7, 150, 1000, 65_536])('a table in pieces of %d bytes', (bytes) => {
  test.each([
    ['tcp', tcp],
    ['tcp6', tcp6],
  ])('%s loses its TIME_WAIT sockets, and nothing else', (_name, line) => {
    const gone = '06';
    const table = [
      HEADING,
      line('   0', gone),
      line('   1', '05'),
      line('   2', '0A'),
      line('9999', gone),
      line('10000', gone),
    ];
    const kept = [HEADING, line('   1', '05'), line('   2', '0A'), line('123456789', '01')];
    expect(sift([...table, line('123456789', '01'), line('9876543', gone)].join(''), bytes)).toEqual({
      text: kept.join(''),
      isWhole: true,
    });
  });

  test('a line that is not whole stays, and is told', () => {
    const half = tcp('   3', '06').slice(0, 40);
    expect(sift(tcp('   0', '04') + half, bytes)).toEqual({ text: tcp('   0', '04') + half, isWhole: false });
  });

  test('what is no table stays as it is', () => {
    const text = 'no table: 06\n\n: 06\nx\n';
    expect(sift(text, bytes)).toEqual({ text, isWhole: true });
  });
});

test('of nothing, nothing is left', () => {
  expect(withoutTimeWait().end()).toEqual({ text: '', isWhole: true });
});
