import { describe, expect, test } from 'vitest';
import { describeCloseWait, describeOwnerless, type Found } from '../../../src/capture/sockets/close-wait.ts';
import type { Held } from '../../../src/capture/sockets/holders.ts';
import { parseProcSock } from '../../../src/capture/sockets/proc-net-tcp.ts';
import { parseSocketInfo } from '../../../src/capture/sockets/socket-info.ts';
import { survey } from '../../../src/capture/sockets/socket-survey.ts';
import { MAX_LISTED } from '../../../src/wire/host-facts.ts';

const NETNS = { inode: 4_026_531_840, pids: [1], mounts: [] };
const V4 = { any: '00000000', local: '0100000A', peer: '0200000A' };
const V6 = { any: '0'.repeat(32), local: '0000000000000000FFFF00000100000A', peer: '0000000000000000FFFF00000200000A' };

type Fields = { state: number; port?: number; rport?: number; rx?: number; inode?: number; on?: typeof V4 };
const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0');
const row = ({ state, port = 80, rport = 5000, rx = 0, inode = 0, on = V4 }: Fields): string => {
  const [local, peer] = state === 10 ? [on.any, on.any] : [on.local, on.peer];
  const ports = [hex(port, 4), hex(state === 10 ? 0 : rport, 4)];
  return `   1: ${local}:${ports[0]} ${peer}:${ports[1]} ${hex(state, 2)} 00000000:${hex(rx, 8)} 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 20 4 0 10 -1`;
};
const holder = (pid: number): Held => ({ holders: [{ pid, comm: `p${pid}` }], count: 1 });
const scanned = (held: ReadonlyMap<number, Held> = new Map(), isComplete = true) => ({ held, isComplete });
const found = (rows: readonly Fields[], more: Partial<Found> = {}): Found => ({
  surveys: [
    survey(
      NETNS,
      rows.flatMap((each) => parseProcSock(row(each)) ?? []),
    ),
  ],
  scan: scanned(),
  infos: new Map(),
  unheld: new Map(),
  ...more,
});

describe('a socket in CLOSE_WAIT', () => {
  test('has its holder, its age, and its unread bytes without the FIN', () => {
    const info = parseSocketInfo(
      'CLOSE-WAIT 11 0 10.0.0.1:80 10.0.0.2:5000 ino:7 sk:1 cgroup:/ --> rto:204 lastrcv:4008 lastack:2008',
    );
    if (info === null) throw new Error('not a socket');
    const on = found([{ state: 8, rx: 11, inode: 7 }], {
      scan: scanned(new Map([[7, holder(42)]])),
      infos: new Map([[NETNS.inode, new Map([[info.key, info]])]]),
    });
    const facts = describeCloseWait(on);
    expect(facts).toMatchObject({ count: 1, not_accepted: 0, unread_bytes: 10 });
    expect(facts.listed).toMatchObject([
      { inode: 7, unread_bytes: 10, all_read: false, min_ms: 2008, max_ms: 4008, holder_count: 1, listener: null },
    ]);
    expect(facts.by_holder).toMatchObject([{ holder: { pid: 42 }, count: 1, min_ms: 2008, max_ms: 4008 }]);
  });

  test('whose ss line is of a later socket on the same ports has no age', () => {
    const info = parseSocketInfo('CLOSE-WAIT 1 0 10.0.0.1:80 10.0.0.2:5000 ino:8 sk:1 rto:204 lastrcv:4 lastack:2');
    if (info === null) throw new Error('not a socket');
    const infos = new Map([[NETNS.inode, new Map([[info.key, info]])]]);
    const facts = describeCloseWait(found([{ state: 8, inode: 7 }], { infos }));
    expect(facts.listed).toMatchObject([{ min_ms: null, max_ms: null }]);
  });

  test('with nothing but the FIN to read has no unread bytes, and not all read; with nothing at all it has', () => {
    const facts = describeCloseWait(
      found([
        { state: 8, rx: 1, inode: 7 },
        { state: 8, rx: 0, inode: 8 },
      ]),
    );
    expect(facts.listed.map((sock) => [sock.unread_bytes, sock.all_read])).toEqual([
      [0, false],
      [0, true],
    ]);
    expect(facts.by_holder).toMatchObject([{ holder: null, count: 2, all_read: 1 }]);
  });

  test('without an inode waits for the listener on its port', () => {
    const rows = [
      { state: 10, inode: 3 },
      { state: 8, rx: 1 },
    ];
    const facts = describeCloseWait(found(rows, { scan: scanned(new Map([[3, holder(42)]])) }));
    expect(facts.not_accepted).toBe(1);
    expect(facts.listed).toMatchObject([
      { inode: null, holders: [], listener: { laddr: '0.0.0.0', lport: 80, holders: [{ pid: 42, comm: 'p42' }] } },
    ]);
  });

  test('that nobody was seen to have open has no holder where all could be asked, and an unknown one where not', () => {
    const rows = [{ state: 10, inode: 3 }, { state: 8, inode: 7 }, { state: 8, inode: 8 }, { state: 8 }];
    const known = new Map([[8, holder(42)]]);
    const holdersIn = (isComplete: boolean) => {
      const facts = describeCloseWait(found(rows, { scan: scanned(known, isComplete) }));
      return facts.listed.map((sock) => [sock.inode, sock.holders, sock.holder_count, sock.listener?.holders]);
    };
    expect(holdersIn(true)).toEqual([
      [7, [], 0, undefined],
      [8, [{ pid: 42, comm: 'p42' }], 1, undefined],
      [null, [], 0, []],
    ]);
    expect(holdersIn(false)).toEqual([
      [7, null, null, undefined],
      [8, [{ pid: 42, comm: 'p42' }], null, undefined],
      [null, [], 0, null],
    ]);
  });

  test('is among those not accepted, and its bytes among those unread, also where too many to keep are', () => {
    const rows = [
      { state: 10, inode: 3 },
      ...Array.from({ length: 60_000 }, (_, i) => ({ state: 8, rport: i, rx: 3 })),
    ];
    expect(describeCloseWait(found(rows))).toMatchObject({
      count: 60_000,
      not_accepted: 60_000,
      unread_bytes: 120_000,
    });
    const bare = describeOwnerless(found(rows.map((each) => (each.state === 8 ? { ...each, state: 1 } : each))));
    expect(bare).toMatchObject({ count: 60_000, not_accepted: 60_000, no_socket: 0 });
  });

  test('among 100,000 is counted; listed are those with the most unread, and the holders with the most', () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => ({ state: 8, rport: i % 65_536, rx: i, inode: i + 1 }));
    const held = new Map(rows.map(({ inode }) => [inode, holder(inode % 7 === 0 ? 1 : 1000 + inode)]));
    const on = found(rows, { scan: scanned(held) });
    const facts = describeCloseWait(on);
    expect(facts.count).toBe(100_000);
    expect(facts.listed).toHaveLength(MAX_LISTED);
    expect(facts.listed[0]?.unread_bytes).toBe((on.surveys[0]?.closeWait.kept.length ?? 0) - 2);
    expect(facts.by_holder).toHaveLength(MAX_LISTED);
    expect(facts.by_holder[0]).toMatchObject({ holder: { pid: 1 }, count: 7142 });
  });
});

describe('an ESTABLISHED socket', () => {
  test('with an inode and a process is nobody’s concern', () => {
    expect(describeOwnerless(found([{ state: 1, inode: 7 }]))).toMatchObject({ count: 0, listed: [] });
  });

  test('without an inode waits in the accept queue of the listener with the longest one', () => {
    const rows = [
      { state: 10, inode: 3, rx: 1 },
      { state: 10, inode: 4, rx: 9 },
      { state: 10, inode: 5, rx: 0 },
      { state: 1, rx: 5 },
    ];
    const facts = describeOwnerless(found(rows, { scan: scanned(new Map([[4, holder(42)]])) }));
    expect(facts).toMatchObject({ count: 1, not_accepted: 1, no_socket: 0, no_fd: 0 });
    expect(facts.listed).toMatchObject([
      { why: 'not_accepted', inode: null, unread_bytes: 5, listener: { holders: [{ pid: 42 }] } },
    ]);
  });

  test.each([
    ['another port', { state: 10, port: 81, inode: 3 }],
    ['another family', { state: 10, inode: 3, on: V6 }],
  ])('without an inode, and a listener on %s, has no socket', async (_what, listener) => {
    const facts = describeOwnerless(found([listener, { state: 1 }]));
    expect(facts).toMatchObject({ count: 1, not_accepted: 0, no_socket: 1 });
    expect(facts.listed).toMatchObject([{ why: 'no_socket', listener: null }]);
  });

  test('of IPv4 waits for a listener of both families, which has it as a mapped one', () => {
    const facts = describeOwnerless(
      found([
        { state: 10, inode: 3, on: V6 },
        { state: 1, on: V6 },
      ]),
    );
    expect(facts.listed).toMatchObject([{ why: 'not_accepted', laddr: '::ffff:10.0.0.1', listener: { laddr: '::' } }]);
  });

  test('that no process has open is told; where not all could be asked the count is unknown', () => {
    const on = found([{ state: 1, inode: 7, rx: 3 }]);
    const sock = {
      family: 'ipv4',
      laddr: '10.0.0.1',
      lport: 80,
      raddr: '10.0.0.2',
      rport: 5000,
      state: 1,
      txQueue: 0,
      rxQueue: 3,
      timer: 0,
      timerMs: 0,
      probesOut: 0,
      retransmits: 0,
      inode: 7,
    } as const;
    expect(describeOwnerless({ ...on, unheld: new Map([[NETNS.inode, [sock]]]) })).toMatchObject({
      count: 1,
      no_fd: 1,
      listed: [{ why: 'no_fd', inode: 7, unread_bytes: 3 }],
    });
    expect(describeOwnerless({ ...on, unheld: null })).toMatchObject({ count: null, no_fd: null });
  });
});
