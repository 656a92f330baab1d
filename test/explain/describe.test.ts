import { describe, expect, test } from 'vitest';
import { describeSilent } from '../../src/explain/describe.ts';
import type { TcpState } from '../../src/kernel/tcp-state.ts';
import { VIA } from '../../src/wire/event.ts';
import { HOLDER, heldBytes, SOCK } from '../../src/wire/evidence.ts';
import { pathOf, pathsOf } from '../builders/explain.ts';
import { decodeAll } from '../builders/track.ts';
import {
  type AnnounceFields,
  announceLine,
  destroyLine,
  inventoriedLine,
  lostLine,
  ms,
  PF_EXITING,
  PF_KTHREAD,
  retransmitLine,
  sec,
  setStateLine,
  tickLine,
  us,
} from '../builders/wire-lines.ts';

const closed = (change: AnnounceFields = {}): string =>
  announceLine({ at: 0, moves: [{ at: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }], ...change });
const ended = (change: AnnounceFields = {}): readonly string[] => [
  closed(change),
  setStateLine({ at: ms(1), from: 'FIN_WAIT1', to: 'FIN_WAIT2', flags: SOCK.DEAD }),
  setStateLine({ at: ms(3), from: 'FIN_WAIT2', to: 'CLOSE', flags: SOCK.DEAD | SOCK.DONE }),
  destroyLine({ at: ms(3) + us(5) }),
];
/** By the keys of the contract's table of `close_path`. */
const CONTRACT = [
  ...['sk', 'generation', 'cookie', 'netns', 'family', 'laddr', 'lport', 'raddr', 'rport', 'uid', 'cgroup_id'],
  ...['closer', 'closed_at', 'closed_in', 'state', 'how', 'path', 'orphan_us', 'dying_us', 'dying_at_least_us'],
  ...['unread_bytes', 'unacked_bytes', 'unsent_bytes', 'held_bytes', 'lost_bytes', 'retransmits', 'probes'],
  ...['waiting_for', 'ended_by', 'side', 'because', 'advice', 'certain', 'gaps'],
];
const silent = (state: TcpState = 'FIN_WAIT2', timer = '2 5000 0') => {
  const [orphan] = decodeAll([inventoriedLine(5, { state, netns: 7, timer })]);
  if (orphan?.kind !== 'inventoried') throw new Error('no inventory line');
  return describeSilent({ ...orphan, reading: null, progress: null, isMissed: false }, orphan.at, {
    wallClock: String,
    ownNetns: null,
  });
};

test('a reset in close() waited for nothing, however long close() took to send it', () => {
  const path = pathOf([
    announceLine({ at: 0, via: VIA.hook, state: 'FIN_WAIT2', flags: SOCK.LINGER, lingerTime: 0 }),
    setStateLine({ at: ms(2), from: 'FIN_WAIT2', to: 'CLOSE', own: true, flags: SOCK.LINGER }),
    destroyLine({ at: ms(2) + us(400) }),
  ]);
  expect([path.ended_by, path.waiting_for]).toEqual(['linger_zero', 'nothing']);
});

describe('the JSON', () => {
  test('has every field of the contract, none renamed', () => {
    for (const path of [pathOf(ended()), pathOf([closed()]), silent()]) {
      expect(path.type).toBe('close_path');
      expect(Object.keys(path)).toEqual(expect.arrayContaining(CONTRACT));
      expect(Object.keys(JSON.parse(JSON.stringify(path)))).toEqual(Object.keys(path));
    }
  });

  test('has closer and steps as the contract spells them', () => {
    const path = pathOf(ended());
    expect(Object.keys(path.closer ?? {})).toEqual(['pid', 'comm', 'exiting', 'exit_signal', 'exit_status']);
    for (const step of path.path) expect(Object.keys(step)).toEqual(['at_us', 'from', 'to', 'by']);
  });

  test('holds 64-bit values as strings, exact', () => {
    const lines = [
      ...ended({ cgroup: 2n ** 64n - 1n }).slice(0, -1),
      destroyLine({ at: ms(4), cookie: 2n ** 63n + 1n }),
    ];
    const path = pathOf(lines);
    expect([path.sk, path.cookie, path.cgroup_id]).toEqual([
      'ffff888100000940',
      '9223372036854775809',
      '18446744073709551615',
    ]);
  });
});

describe('whose end closed first', () => {
  const first = (...lines: readonly string[]) => pathOf(lines, { until: sec(1) }).closed_first;
  const passive = [
    { at: 0, from: 'ESTABLISHED', to: 'CLOSE_WAIT' },
    { at: ms(1), from: 'CLOSE_WAIT', to: 'LAST_ACK', own: true },
  ] as const;

  test('is this host where its FIN went first, the peer where that came, both where they crossed', () => {
    expect(first(closed())).toBe('local');
    expect(first(announceLine({ at: ms(1), state: 'CLOSE_WAIT', moves: [...passive] }))).toBe('peer');
    expect(first(closed(), setStateLine({ at: ms(1), from: 'FIN_WAIT1', to: 'CLOSING' }))).toBe('both');
  });

  test('is this host where its close reset the connection', () => {
    const move = { at: 0, from: 'ESTABLISHED', to: 'CLOSE', own: true } as const;
    expect(first(announceLine({ at: 0, moves: [move] }), destroyLine({ at: us(5) }))).toBe('local');
  });

  test('is not known where the first step was missed, and where nobody closed before the connection had gone', () => {
    expect(first(announceLine({ at: 0, via: VIA.foundDead, state: 'FIN_WAIT2', flags: SOCK.DEAD }))).toBeNull();
    const reset = [{ at: 0, from: 'ESTABLISHED', to: 'CLOSE', err: 104 }] as const;
    expect(first(announceLine({ at: ms(1), via: VIA.destroy, state: 'CLOSE', moves: [...reset] }))).toBeNull();
    expect(silent().closed_first).toBeNull();
  });
});

describe('a path that was all observed', () => {
  test('is told in full', () => {
    expect(pathOf(ended({ wmemQueued: 1000, rmemAlloc: 200, forwardAlloc: 30 }))).toEqual({
      type: 'close_path',
      sk: 'ffff888100000940',
      generation: 1,
      cookie: '77',
      netns: 4_026_531_840,
      family: 'ipv4',
      laddr: '10.0.0.1',
      lport: 443,
      raddr: '10.0.0.2',
      rport: 51_234,
      uid: 33,
      cgroup_id: '5123',
      closer: { pid: 4242, comm: 'nginx', exiting: false, exit_signal: null, exit_status: null },
      closed_at: '2026-01-01T00:00:00.250000000Z',
      closed_in: 'ESTABLISHED',
      state: 'CLOSE',
      how: 'close',
      closed_first: 'local',
      path: [
        { at_us: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', by: 'process' },
        { at_us: 1000, from: 'FIN_WAIT1', to: 'FIN_WAIT2', by: 'softirq' },
        { at_us: 3000, from: 'FIN_WAIT2', to: 'CLOSE', by: 'softirq' },
      ],
      orphan_us: 3005,
      dying_us: 3005,
      dying_at_least_us: 3005,
      unread_bytes: 0,
      unacked_bytes: 0,
      unsent_bytes: 0,
      held_bytes: 1230,
      lost_bytes: null,
      retransmits: 0,
      probes: 0,
      waiting_for: 'peer_fin',
      ended_by: 'time_wait',
      side: 'none',
      because: [expect.any(String)],
      advice: [],
      certain: true,
      gaps: [],
    });
  });

  test('steps before the close have negative times', () => {
    const path = pathOf([
      closed({
        at: ms(5),
        moves: [
          { at: ms(2), from: 'ESTABLISHED', to: 'CLOSE_WAIT' },
          { at: ms(5), from: 'CLOSE_WAIT', to: 'LAST_ACK', own: true },
        ],
      }),
    ]);
    // The probe remembers microseconds of boot time; the handshake's nanosecond is 123.
    expect(path.path[0]).toEqual({ at_us: -3000.123, from: 'ESTABLISHED', to: 'CLOSE_WAIT', by: 'softirq' });
    expect(path.path[1]?.at_us).toBe(0);
    expect(path.closed_in).toBe('CLOSE_WAIT');
  });

  test('steps of any evidence are in the order of time', () => {
    const times = pathOf(ended()).path.map((step) => step.at_us);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('one still dying has no ending yet, and its times run until now', () => {
    const path = pathOf([closed()], { until: sec(2) });
    expect(path).toMatchObject({
      ended_by: null,
      dying_us: 2_000_000,
      orphan_us: 2_000_000,
      lost_bytes: null,
      because: ['in FIN_WAIT1: our FIN not acknowledged (write_seq, snd_una), 0 retransmission timeouts so far'],
    });
  });

  test('found in the state the hook saw', () => {
    const path = pathOf([announceLine({ at: 0, via: VIA.hook, state: 'CLOSE_WAIT' })]);
    expect(path).toMatchObject({ closed_in: 'CLOSE_WAIT', how: 'close' });
  });

  test('in the state of its newest transition, or of its announcement where none was seen', () => {
    const [, intoFinWait2 = ''] = ended();
    expect(pathOf([closed()]).state).toBe('FIN_WAIT1');
    expect(pathOf([closed(), intoFinWait2]).state).toBe('FIN_WAIT2');
    const found = pathOf([
      announceLine({ at: 0, via: VIA.foundDead, state: 'LAST_ACK', flags: SOCK.DEAD, own: false }),
    ]);
    expect(found).toMatchObject({ path: [], closed_in: null, state: 'LAST_ACK' });
  });
});

describe('bytes', () => {
  test('unread is what had arrived and was not read, the peer’s FIN aside', () => {
    expect(pathOf([closed({ rcvNxt: 1101, copiedSeq: 1000, flags: SOCK.DONE })]).unread_bytes).toBe(100);
    expect(pathOf([closed({ rcvNxt: 1101, copiedSeq: 1000 })]).unread_bytes).toBe(101);
  });

  test('a FIN that was read as end-of-file leaves nothing unread', () => {
    expect(pathOf([closed({ rcvNxt: 1101, copiedSeq: 1101, flags: SOCK.DONE })]).unread_bytes).toBe(0);
  });

  test('sequence numbers wrap', () => {
    const path = pathOf([closed({ writeSeq: 5, sndUna: 0xfffffffe, sndNxt: 3, rcvNxt: 1, copiedSeq: 0xffffffff })]);
    expect(path).toMatchObject({ unread_bytes: 2, unacked_bytes: 7, unsent_bytes: 2 });
  });

  test('lost are those the peer had not acknowledged at an error, our FIN aside', () => {
    const path = pathOf([
      closed(),
      setStateLine({
        at: ms(1),
        from: 'FIN_WAIT1',
        to: 'CLOSE',
        err: 110,
        writeSeq: 6001,
        sndUna: 5000,
        icskRetransmits: 3,
      }),
      destroyLine({ at: ms(1), err: 110 }),
    ]);
    expect(path.lost_bytes).toBe(1000);
  });

  test('held memory never counts a negative reserve', () => {
    expect(heldBytes({ wmemQueued: 10, rmemAlloc: 5, forwardAlloc: -1000 })).toBe(15);
  });
});

describe('unknown is null', () => {
  test('where no close was observed', () => {
    const path = pathOf([
      announceLine({
        at: 0,
        via: VIA.foundDead,
        flags: SOCK.DEAD,
        own: false,
        moves: [{ at: 0, from: 'LAST_ACK', to: 'CLOSE' }],
      }),
      destroyLine({ at: us(5) }),
    ]);
    expect(path).toMatchObject({
      closer: null,
      closed_at: null,
      closed_in: null,
      how: 'unknown',
      orphan_us: null,
      dying_us: null,
      unread_bytes: null,
      unacked_bytes: null,
      unsent_bytes: null,
      held_bytes: null,
      certain: false,
    });
  });

  test('where the socket never had a connection', () => {
    const path = pathOf([
      announceLine({ at: 0, moves: [{ at: 0, from: 'SYN_SENT', to: 'CLOSE', own: true }], rcvNxt: 7, copiedSeq: 0 }),
      destroyLine({ at: us(5) }),
    ]);
    expect(path).toMatchObject({ unread_bytes: null, unacked_bytes: null, unsent_bytes: null });
  });

  test('where the kernel has no cgroup, or has made no cookie', () => {
    const path = pathOf([closed({ cgroup: 0n, cookie: 0n })]);
    expect([path.cgroup_id, path.cookie]).toEqual([null, null]);
  });

  test('the cookie of the announcement is known before the destroy', () => {
    expect(pathOf([closed({ cookie: 5n })]).cookie).toBe('5');
  });

  test('probes are null until a line after the close tells them', () => {
    expect(pathOf([closed()]).probes).toBeNull();
    expect(pathOf([closed(), retransmitLine({ at: 5, probesOut: 2 })]).probes).toBe(2);
  });

  test('for an orphan that only /proc knows, all but its tuple and state', () => {
    expect(silent()).toMatchObject({
      sk: null,
      netns: 7,
      laddr: '10.0.0.1',
      uid: null,
      closer: null,
      closed_in: null,
      state: 'FIN_WAIT2',
      how: 'unknown',
      path: [],
      dying_us: null,
      waiting_for: 'peer_fin',
      ended_by: null,
      certain: false,
      gaps: ['older_than_capture'],
    });
  });
});

describe('certain is false', () => {
  test('whenever there is a gap', () => {
    const path = pathOf([closed(), lostLine(5, 1), ...ended().slice(1)]);
    expect(path).toMatchObject({ ended_by: 'time_wait', certain: false, gaps: ['events_lost'] });
  });

  test('when the ending is unknown', () => {
    expect(
      pathOf([closed(), setStateLine({ at: 5, from: 'FIN_WAIT1', to: 'CLOSE' }), destroyLine({ at: 6 })]),
    ).toMatchObject({
      ended_by: 'unknown',
      certain: false,
      gaps: ['cause_not_decided'],
    });
  });

  test('and no length of life is claimed when the destroy was missed', () => {
    const [missed] = pathsOf([closed({ rport: 1 }), announceLine({ at: sec(1), rport: 2 })]);
    expect(missed).toMatchObject({
      rport: 1,
      dying_us: null,
      orphan_us: null,
      ended_by: 'unknown',
      certain: false,
      gaps: ['destroy_missed'],
    });
  });
});

describe('how', () => {
  test.each([
    ['a task', 'close', {}],
    ['a dying process', 'exit', { taskFlags: PF_EXITING, exitCode: 9 }],
    ['a kernel thread', 'kernel', { taskFlags: PF_KTHREAD }],
    ['the holder of a socket without a file', 'kernel', { holder: HOLDER.kernel }],
    ['nobody that shows', 'unknown', { holder: HOLDER.none }],
  ])('closed by %s: %s', (_who, how, change) => {
    expect(pathOf([closed(change)]).how).toBe(how);
  });

  test('destroyed by softirq with a socket: none', () => {
    const path = pathOf([
      announceLine({ at: 0, via: VIA.destroy, state: 'CLOSE', own: false, holder: HOLDER.alive }),
      destroyLine({ at: 5 }),
    ]);
    expect([path.how, path.closer]).toEqual(['none', null]);
  });

  test.each([
    [9, 9, 0],
    [0x700, 0, 7],
    [0x8b, 11, 0],
  ])('exit code %i is signal %i, status %i', (exitCode, signal, status) => {
    const path = pathOf([closed({ taskFlags: PF_EXITING, exitCode })]);
    expect(path.closer).toMatchObject({ exiting: true, exit_signal: signal, exit_status: status });
  });

  test('a task that lives has neither signal nor status', () => {
    expect(pathOf([closed({ exitCode: 9 })]).closer).toMatchObject({ exit_signal: null, exit_status: null });
  });
});

describe('an orphan that only the inventory knows', () => {
  test.each([
    // The probe timer runs over an open window too, and the listing does not tell the window.
    ['FIN_WAIT1', '4 800 0', 'unknown', 'unknown'],
    ['LAST_ACK', '4 800 2', 'unknown', 'unknown'],
    ['FIN_WAIT1', '1 800 0', 'ack', 'unknown'],
    ['LAST_ACK', '1 800 0', 'last_ack', 'unknown'],
    ['FIN_WAIT2', '2 5000 0', 'peer_fin', 'peer'],
    ['FIN_WAIT1', '0 0 0', 'unknown', 'unknown'],
  ] as const)('in %s with timer %s waits for %s', (state, timer, waitingFor, side) => {
    expect(silent(state, timer)).toMatchObject({ waiting_for: waitingFor, side, certain: false });
  });

  test('names its timer as its evidence', () => {
    expect(silent('FIN_WAIT1', '4 800 2').because.join()).toContain(
      'window probe timer due in 800 ms, 2 probes unanswered',
    );
  });
});

test('one that tcp_retries2 ends while close() waits for SO_LINGER is not put down to tcp_orphan_retries', () => {
  const lingering = { flags: SOCK.LINGER, lingerTime: 60 * 250, retries2: 5 };
  const died = { from: 'FIN_WAIT1', to: 'CLOSE', err: 110, flags: SOCK.LINGER } as const;
  const path = pathOf([
    closed({ ...lingering, sndUna: 4000 }),
    setStateLine({ at: sec(12), ...died, icskRetransmits: 6, sndUna: 4000, writeSeq: 5001 }),
    destroyLine({ at: sec(12) + us(50), err: 110 }),
  ]);
  expect([path.ended_by, path.waiting_for, path.orphan_us]).toEqual(['retries', 'linger', 0]);
  expect(path.advice.join(' ')).toContain('so net.ipv4.tcp_retries2 (in netns 4026531840) bounded it');
  expect(path.advice.join(' ')).toContain('net.ipv4.tcp_orphan_retries would not help');
  // This holds for window probes under TCP_USER_TIMEOUT too.
  const shut = { pending: 3, sndNxt: 4000, sndUna: 4000, sndWnd: 0 };
  const probed = pathOf([
    closed({ ...lingering, ...shut, userTimeoutMs: 20_000, retries2: 2 }),
    setStateLine({ at: sec(3), ...died, probesOut: 2, sndNxt: 4000, sndUna: 4000, sndWnd: 0, writeSeq: 5001 }),
    destroyLine({ at: sec(3) + us(50), err: 110 }),
  ]);
  expect(probed.because.join(' ')).not.toContain('tcp_orphan_retries');
  expect(probed.ended_by).toBe('window_probes');
  expect(probed.advice.join(' ')).toContain('so net.ipv4.tcp_retries2');
});

describe('an announcement that was made at a transition', () => {
  const toFinWait2 = { at: ms(20), from: 'FIN_WAIT1', to: 'FIN_WAIT2' } as const;

  test('tells of the state that the transition leads to: it is traced before it is stored', () => {
    const line = announceLine({
      at: ms(20),
      via: VIA.foundDead,
      flags: SOCK.DEAD,
      state: 'FIN_WAIT1',
      moves: [toFinWait2],
      deferred: { closedAt: 0 },
    });
    expect(pathOf([line])).toMatchObject({ state: 'FIN_WAIT2', waiting_for: 'peer_fin' });
  });

  test('is told from one that came after it: that one has the newer state itself', () => {
    const line = announceLine({
      at: ms(30),
      flags: SOCK.DEAD,
      state: 'CLOSING',
      moves: [toFinWait2],
      deferred: { closedAt: 0 },
    });
    expect(pathOf([line])).toMatchObject({ state: 'CLOSING', gaps: ['transition_missed'] });
  });
});

describe('a sock that the map of the probes had no place for', () => {
  const moves = [{ at: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }] as const;
  const announced = announceLine({
    at: ms(20),
    flags: SOCK.DEAD,
    state: 'FIN_WAIT1',
    moves,
    deferred: { closedAt: 0, isFollowed: false },
  });

  test('is known as it was announced; what it waits for and how old it is, is not', () => {
    expect(pathOf([announced, tickLine(sec(5))])).toMatchObject({
      closer: { pid: 4242 },
      waiting_for: 'unknown',
      ended_by: null,
      dying_us: null,
      orphan_us: null,
      certain: false,
      gaps: ['events_lost'],
    });
  });

  test('stays so when it shows itself again and still has no place, packed between or not', () => {
    const again = announceLine({
      at: sec(6),
      via: VIA.foundDead,
      flags: SOCK.DEAD,
      state: 'FIN_WAIT1',
      moves: [{ at: sec(6), from: 'FIN_WAIT1', to: 'FIN_WAIT2' }],
      deferred: { closedAt: ms(1), isFollowed: false },
    });
    const path = pathOf([announced, tickLine(sec(5)), tickLine(sec(5.5)), again, tickLine(sec(7)), tickLine(sec(8))]);
    expect(path).toMatchObject({ state: 'FIN_WAIT2', waiting_for: 'unknown', dying_us: null, closer: { pid: 4242 } });
  });

  test('is followed from when it shows itself again and has a place', () => {
    const again = announceLine({
      at: sec(6),
      via: VIA.foundDead,
      flags: SOCK.DEAD,
      state: 'FIN_WAIT1',
      moves: [{ at: sec(6), from: 'FIN_WAIT1', to: 'FIN_WAIT2' }],
      deferred: { closedAt: ms(1) },
    });
    const path = pathOf([announced, tickLine(sec(5)), again, tickLine(sec(7)), tickLine(sec(8))]);
    expect(path).toMatchObject({ state: 'FIN_WAIT2', waiting_for: 'peer_fin', dying_us: 8e6, gaps: ['events_lost'] });
    expect(path.closer).toMatchObject({ pid: 4242 });
  });
});
