import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isOrphan, type ProcSock, parseProcSock } from '../../../src/capture/sockets/proc-net-tcp.ts';

type Fields = {
  readonly local?: string;
  readonly peer?: string;
  readonly state?: number;
  readonly txQueue?: number;
  readonly rxQueue?: number;
  readonly timer?: number;
  readonly delta?: number;
  readonly retransmits?: number;
  readonly uid?: number;
  readonly inode?: number;
};

const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0');

/** The format of get_tcp4_sock, get_tcp6_sock and get_timewait4_sock, filled up with spaces to 149 characters. */
const line = (on: Fields = {}): string =>
  `${'  12: '}${on.local ?? '0100000A:01BB'} ${on.peer ?? '0200000A:C822'} ${hex(on.state ?? 4, 2)} ${hex(on.txQueue ?? 0, 8)}:${hex(on.rxQueue ?? 0, 8)} ${hex(on.timer ?? 1, 2)}:${hex(on.delta ?? 0x14, 8)} ${hex(on.retransmits ?? 0, 8)} ${String(on.uid ?? 0).padStart(5)} ${'0'.padStart(8)} ${on.inode ?? 0} 1 0000000000000000 24 4 20 10 -1`.padEnd(
    149,
  );

const HEADING =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     ';
const parseAll = (text: string): readonly ProcSock[] => text.split('\n').flatMap((each) => parseProcSock(each) ?? []);
const parse = (...lines: readonly string[]) => parseAll([HEADING, ...lines, ''].join('\n'));

describe('a line', () => {
  test('of tcp is read', () => {
    expect(parse(line({ txQueue: 1449, retransmits: 7 }))).toEqual([
      {
        family: 'ipv4',
        laddr: '10.0.0.1',
        lport: 443,
        raddr: '10.0.0.2',
        rport: 51_234,
        state: 4,
        txQueue: 1449,
        rxQueue: 0,
        timer: 1,
        timerMs: 200,
        probesOut: 0,
        retransmits: 7,
        inode: 0,
      },
    ]);
  });

  test('of tcp6 is read, a mapped address in its dotted form', () => {
    expect(
      parse(
        line({
          local: 'B80D0120000000000000000001000000:01BB',
          peer: '0000000000000000FFFF00000200000A:C822',
          state: 9,
        }),
      ),
    ).toMatchObject([{ family: 'ipv6', laddr: '2001:db8::1', raddr: '::ffff:10.0.0.2', state: 9 }]);
  });

  test('of a full table is read: a slot of five digits, a uid of ten, an inode of twelve', () => {
    const long = line({ uid: 4_294_967_294, inode: 999_999_999_999 }).replace('  12:', '123456:');
    expect(parse(long)).toMatchObject([{ inode: 999_999_999_999, lport: 443 }]);
  });

  test.each([HEADING, '', 'nonsense', line().slice(0, 60), line().toLowerCase()])(
    'that is none is left out: %j',
    (text) => {
      expect(parse(text)).toEqual([]);
    },
  );

  test('among many finds its place', () => {
    expect(parse(line({ state: 4 }), line({ state: 5 }), line({ state: 1 })).map((sock) => sock.state)).toEqual([
      4, 5, 1,
    ]);
  });
});

describe('an orphan', () => {
  const orphan = (on: Fields): boolean => parse(line(on)).every(isOrphan);

  test.each([
    ['FIN_WAIT1', 4],
    ['FIN_WAIT2', 5],
    ['LAST_ACK', 9],
    ['CLOSING', 11],
  ])('is a sock in %s without an inode', (_name, state) => {
    expect(orphan({ state })).toBe(true);
    expect(orphan({ state, inode: 4711 })).toBe(false);
  });

  test.each([
    ['ESTABLISHED, which is not accepted or the kernel’s', 1],
    ['SYN_SENT', 2],
    ['SYN_RECV', 3],
    ['TIME_WAIT', 6],
    ['CLOSE', 7],
    ['CLOSE_WAIT, which is not accepted or the kernel’s', 8],
    ['LISTEN', 10],
    ['NEW_SYN_RECV', 12],
  ])('is none in %s', (_name, state) => {
    expect(orphan({ state })).toBe(false);
  });

  test('in FIN_WAIT2 is none with the time-wait timer: that is a minisock', () => {
    expect(orphan({ state: 5, timer: 3 })).toBe(false);
    expect(orphan({ state: 5, timer: 2 })).toBe(true);
    expect(orphan({ state: 5, timer: 0 })).toBe(true);
  });
});

test.skipIf(!existsSync('/proc/net/tcp'))('every line of this machine’s own tables is read', () => {
  for (const path of ['/proc/net/tcp', '/proc/net/tcp6'].filter((each) => existsSync(each))) {
    const text = readFileSync(path, 'utf8');
    expect(parseAll(text)).toHaveLength(text.trim().split('\n').length - 1);
  }
});
