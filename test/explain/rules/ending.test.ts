import { describe, expect, test } from 'vitest';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import { distance } from '../../../src/explain/sequence.ts';
import type { TcpState } from '../../../src/kernel/tcp-state.ts';
import { VIA } from '../../../src/wire/event.ts';
import { HOLDER, SOCK } from '../../../src/wire/evidence.ts';
import { pathOf, REASONS } from '../../builders/explain.ts';
import {
  type AnnounceFields,
  announceLine,
  destroyLine,
  type EvidenceFields,
  inventoryEndLine,
  ms,
  type PastMove,
  resetLine,
  sampleLine,
  sec,
  setStateLine,
  tickLine,
  us,
} from '../../builders/wire-lines.ts';

type End = ClosePath['ended_by'];
const NO_REASONS = {};

/** Closed at 0 by a task, in ESTABLISHED unless said otherwise, as the tracepoint backend sees it. */
const closed = (change: AnnounceFields = {}, from: TcpState = 'ESTABLISHED', to: TcpState = 'FIN_WAIT1'): string =>
  announceLine({ at: 0, state: from, moves: [{ at: 0, from, to, own: true }], ...change });
const step = (at: number, from: TcpState, to: TcpState, change: EvidenceFields = {}): string =>
  setStateLine({ at, from, to, flags: SOCK.DEAD, ...change });
const sent = (at: number, reason: number | null, change: { answersSegment?: boolean } = {}): string =>
  resetLine({ at, sent: true, reason, ...change });
const received = (at: number): string => resetLine({ at, sent: false });
const destroyed = (at: number, err = 0): string => destroyLine({ at, err });

const ending = (...lines: readonly string[]): [End, ClosePath['side']] => {
  const path = pathOf(lines);
  return [path.ended_by, path.side];
};

describe('after the close', () => {
  test('LAST_ACK to CLOSE with all acknowledged: acked', () => {
    expect(ending(closed({}, 'CLOSE_WAIT', 'LAST_ACK'), step(ms(1), 'LAST_ACK', 'CLOSE'), destroyed(ms(2)))).toEqual([
      'acked',
      'none',
    ]);
  });

  test('LAST_ACK to CLOSE, silently and with the FIN not acknowledged: not called acked', () => {
    const path = pathOf([
      closed({}, 'CLOSE_WAIT', 'LAST_ACK'),
      step(ms(1), 'LAST_ACK', 'CLOSE', { writeSeq: 5001, sndUna: 5000 }),
      destroyed(ms(2)),
    ]);
    expect(path.ended_by).not.toBe('acked');
    expect(path.certain).toBe(false);
  });

  test('CLOSING to CLOSE: TIME_WAIT took over', () => {
    expect(
      ending(closed(), step(ms(1), 'FIN_WAIT1', 'CLOSING'), step(ms(2), 'CLOSING', 'CLOSE'), destroyed(ms(2))),
    ).toEqual(['time_wait', 'none']);
  });

  test('FIN_WAIT2 to CLOSE with the peer’s FIN: TIME_WAIT took over', () => {
    expect(
      ending(
        closed(),
        step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
        step(ms(2), 'FIN_WAIT2', 'CLOSE', { flags: SOCK.DEAD | SOCK.DONE }),
        destroyed(ms(2)),
      ),
    ).toEqual(['time_wait', 'none']);
  });

  test('FIN_WAIT2 to CLOSE without it: handed to a FIN_WAIT2 minisock', () => {
    expect(
      ending(closed(), step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'), step(ms(1) + 5, 'FIN_WAIT2', 'CLOSE'), destroyed(ms(2))),
    ).toEqual(['fin_wait2_timewait', 'peer']);
  });

  test('a reset by reason TCP_ABORT_ON_LINGER: TCP_LINGER2', () => {
    expect(
      ending(
        closed({}, 'FIN_WAIT2', 'FIN_WAIT2'),
        step(ms(1), 'FIN_WAIT2', 'CLOSE', { own: true }),
        sent(ms(1) + 5, REASONS.TCP_ABORT_ON_LINGER),
        destroyed(ms(2)),
      ),
    ).toEqual(['linger2', 'local']);
  });

  test('a reset out of FIN_WAIT2 under a negative TCP_LINGER2 is that, also where the kernel gives no reason', () => {
    expect(
      ending(
        closed({ linger2: -1 }),
        step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
        step(ms(1) + 5, 'FIN_WAIT2', 'CLOSE'),
        destroyed(ms(1) + 9),
        sent(ms(1) + 20, null, { answersSegment: true }),
      ),
    ).toEqual(['linger2', 'local']);
  });

  test('a reset received: the peer', () => {
    for (const [from, err] of [
      ['FIN_WAIT1', 104],
      ['CLOSE_WAIT', 32],
      ['SYN_SENT', 111],
    ] as const) {
      expect(ending(closed(), received(ms(1)), step(ms(1) + 5, from, 'CLOSE', { err }), destroyed(ms(2), err))).toEqual(
        ['peer_reset', 'peer'],
      );
    }
  });

  test('data after the close fires receive_reset too, and is told by the reset that answers it', () => {
    expect(
      ending(
        closed(),
        step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
        received(ms(2)),
        step(ms(2) + 5, 'FIN_WAIT2', 'CLOSE', { err: 104 }),
        destroyed(ms(2) + 9, 104),
        sent(ms(2) + 20, REASONS.TCP_RFC9293, { answersSegment: true }),
      ),
    ).toEqual(['data_after_close', 'peer']);
  });

  test('data that came with the ACK of our FIN fires no receive_reset: FIN_WAIT2 ends in an answering reset', () => {
    const events = (context = {}) =>
      [
        closed(context),
        step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
        step(ms(1) + 5, 'FIN_WAIT2', 'CLOSE'),
        destroyed(ms(1) + 9),
        sent(ms(1) + 20, REASONS.TCP_RFC9293, { answersSegment: true }),
      ] as const;
    expect(ending(...events())).toEqual(['data_after_close', 'peer']);
    expect(ending(...events({ linger2: -1 }))).toEqual(['linger2', 'local']);
  });

  test('ETIMEDOUT after retransmission timeouts: retries', () => {
    expect(
      ending(closed(), step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110, icskRetransmits: 9 }), destroyed(ms(9), 110)),
    ).toEqual(['retries', 'unknown']);
  });

  test('ETIMEDOUT after window probes that were not answered: whether peer or path, nobody knows', () => {
    expect(
      ending(
        closed(),
        step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110, probesOut: 8, writeSeq: 5100, sndNxt: 5000, sndWnd: 0 }),
        destroyed(ms(9), 110),
      ),
    ).toEqual(['window_probes', 'unknown']);
  });

  test('ETIMEDOUT after probes into a window that had room: they never left this host', () => {
    expect(
      ending(
        closed(),
        step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110, probesOut: 8, writeSeq: 5100, sndNxt: 5000, sndWnd: 1000 }),
        destroyed(ms(9), 110),
      ),
    ).toEqual(['retries', 'local']);
  });

  test('ETIMEDOUT after window probes that were answered: the peer', () => {
    expect(
      ending(
        closed({ pending: 3, backoff: 1, writeSeq: 5100, sndNxt: 5000, sndWnd: 0 }),
        step(sec(330), 'FIN_WAIT1', 'CLOSE', { err: 110, probesOut: 0, writeSeq: 5101, sndNxt: 5000, sndWnd: 0 }),
        destroyed(sec(330), 110),
      ),
    ).toEqual(['window_probes', 'peer']);
  });

  test('ETIMEDOUT after window probes, ICMP having said unreachable: the network', () => {
    expect(
      ending(
        closed(),
        step(ms(9), 'FIN_WAIT1', 'CLOSE', {
          err: 113,
          errSoft: 113,
          probesOut: 8,
          writeSeq: 5100,
          sndNxt: 5000,
          sndWnd: 0,
        }),
        destroyed(ms(9), 113),
      ),
    ).toEqual(['window_probes', 'network']);
  });

  describe('ETIMEDOUT of window probes under TCP_USER_TIMEOUT of 2 s', () => {
    const shut = { writeSeq: 5100, sndNxt: 5000, sndWnd: 0 };
    /** Died after `lived` ms with this many unanswered probes; tcp_orphan_retries is 3. */
    const probed = (
      lived: number,
      probesOut: number,
      change: AnnounceFields = {},
      end: EvidenceFields = {},
    ): ClosePath =>
      pathOf([
        closed({ ...shut, pending: 3, userTimeoutMs: 2000, orphanRetries: 3, ...change }),
        step(ms(lived), 'FIN_WAIT1', 'CLOSE', { ...shut, err: 110, probesOut, ...end }),
        destroyed(ms(lived), 110),
      ]);

    test('that time cannot have passed: window_probes', () => {
      const path = probed(1500, 3);
      expect(path).toMatchObject({ ended_by: 'window_probes', side: 'unknown', certain: true });
      expect(path.because.join()).toContain('3 unanswered window probes, before TCP_USER_TIMEOUT of 2000 ms was over');
    });

    test('it may have passed, and fewer probes than tcp_orphan_retries were unanswered: user_timeout', () => {
      expect(probed(2200, 2)).toMatchObject({ ended_by: 'user_timeout', certain: true });
      expect(probed(2200, 0)).toMatchObject({ ended_by: 'user_timeout', certain: true });
    });

    test('tcp_orphan_retries of 0 counts as 8', () => {
      expect(probed(2200, 7, { orphanRetries: 0 })).toMatchObject({ ended_by: 'user_timeout', certain: true });
      expect(probed(2200, 8, { orphanRetries: 0 })).toMatchObject({ certain: false });
    });

    test('both may have been over: not certain, and both are named', () => {
      const path = probed(2200, 3);
      expect(path).toMatchObject({ ended_by: 'user_timeout', certain: false, gaps: ['cause_inferred'] });
      expect(path.because.join()).toMatch(/TCP_USER_TIMEOUT of 2000 ms, or after 3 .* \(window_probes\)/);
    });

    test('probes before the close count, by the longest a jiffy can be', () => {
      // One interval of 2 * 51 jiffies before the close: 0.4 s with HZ 250, 1 s with HZ 100.
      const before = { backoff: 1, rto: 51, rtoTimer: 1000 };
      expect(probed(1300, 3, before)).toMatchObject({ ended_by: 'user_timeout', certain: false });
      // 300 jiffies were less than 1.3 s: HZ is no less than 250.
      expect(probed(1300, 3, before, { rtoTimer: 1300 })).toMatchObject({ ended_by: 'window_probes', certain: true });
    });

    test('probes that did not leave this host are retries, if that time had not passed', () => {
      const path = probed(1500, 3, { sndWnd: 1000 }, { sndWnd: 1000 });
      expect(path).toMatchObject({ ended_by: 'retries', side: 'local' });
    });

    test('attempts that had failed to leave this host before the close count too', () => {
      const room = { sndWnd: 1000 };
      expect(probed(1500, 3, { ...room, backoff: 2, rto: 51 }, room)).toMatchObject({ certain: false });
    });
  });

  test('ETIMEDOUT of retransmissions under TCP_USER_TIMEOUT: that, whatever was tried', () => {
    expect(
      ending(
        closed({ userTimeoutMs: 5000 }),
        step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110, icskRetransmits: 5 }),
        destroyed(ms(9), 110),
      ),
    ).toEqual(['user_timeout', 'unknown']);
  });

  test('a soft error that tcp_write_err made the errno is a timeout like ETIMEDOUT, and kept by the network', () => {
    expect(
      ending(
        closed(),
        step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 113, errSoft: 113, icskRetransmits: 9 }),
        destroyed(ms(9), 113),
      ),
    ).toEqual(['retries', 'network']);
  });

  test('ETIMEDOUT of which nothing was tried is unknown', () => {
    expect(ending(closed(), step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: 110 }), destroyed(ms(9), 110))).toEqual([
      'unknown',
      'unknown',
    ]);
  });

  test('a reset by reason TCP_ABORT_ON_MEMORY: a limit, and which one is not claimed', () => {
    const path = pathOf([
      closed(),
      step(us(50), 'FIN_WAIT1', 'CLOSE', { own: true }),
      sent(us(60), REASONS.TCP_ABORT_ON_MEMORY),
      destroyed(us(70)),
    ]);
    expect(path).toMatchObject({ ended_by: 'unknown', side: 'limit', certain: false });
    expect(path.because.join()).toMatch(/tcp_max_orphans.*tcp_mem/);
  });

  describe('a reset by reason TCP_ABORT_ON_MEMORY', () => {
    /** Reset at its close (`own`), or by its timer, while the host had `orphans` of at most 100. */
    const limited = (orphans: number, own: boolean, memory = '', sndUna = 5000, later = 0): ClosePath =>
      pathOf([
        inventoryEndLine(0),
        `${sampleLine(1, orphans, 100)}${memory}`,
        tickLine(ms(20)),
        announceLine({
          at: ms(30 + later),
          state: 'ESTABLISHED',
          moves: [{ at: ms(30 + later), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }],
        }),
        ...(own ? [] : [sent(ms(40 + later), REASONS.TCP_ABORT_ON_MEMORY)]),
        step(ms(40 + later) + 5, 'FIN_WAIT1', 'CLOSE', { own, writeSeq: 5001, sndUna }),
        ...(own ? [sent(ms(40 + later) + 9, REASONS.TCP_ABORT_ON_MEMORY)] : []),
        destroyed(ms(40 + later) + 20),
      ]);

    test('in the close, above tcp_max_orphans: orphan_limit, with the figures', () => {
      const path = limited(100, true);
      expect(path).toMatchObject({ ended_by: 'orphan_limit', side: 'limit' });
      expect(path.because.join()).toContain('101 orphans of at most 100');
    });

    test('counts what was queued as lost, though the kernel sets no error', () => {
      expect(limited(100, true).lost_bytes).toBe(0);
      expect(limited(100, true, '', 4700).lost_bytes).toBe(300);
    });

    test('in the close, below it: not called so', () => {
      expect(limited(60, true)).toMatchObject({ ended_by: 'unknown', side: 'limit', certain: false });
    });

    test('by a timer, from a quarter of it on', () => {
      expect(limited(30, false)).toMatchObject({ ended_by: 'orphan_limit', side: 'limit' });
      expect(limited(10, false)).toMatchObject({ ended_by: 'unknown', side: 'limit' });
    });

    test('with TCP’s memory below tcp_mem it is certain; above it, and few orphans, out_of_memory', () => {
      expect(limited(100, true, ' 50 10 20 90')).toMatchObject({ ended_by: 'orphan_limit', certain: true, gaps: [] });
      expect(limited(10, true, ' 91 10 20 90')).toMatchObject({ ended_by: 'out_of_memory', certain: true });
      expect(limited(100, true, ' 91 10 20 90')).toMatchObject({ ended_by: 'unknown', side: 'limit' });
    });

    test('when the limits were read too long before, it is no more than inferred', () => {
      const late = 1600;
      const path = limited(100, true, ' 50 10 20 90', 5000, late);
      expect(path).toMatchObject({ ended_by: 'orphan_limit', certain: false, gaps: ['cause_inferred'] });
      expect(path.because.join()).toContain('when last read');
      expect(limited(100, true, ' 50 10 20 90', 5000, 1400)).toMatchObject({ certain: true, gaps: [] });
    });

    test('without the figures of tcp_mem it is no more than inferred', () => {
      expect(limited(100, true)).toMatchObject({ certain: false, gaps: ['cause_inferred'] });
    });
  });

  test('a silent end by a timer with our FIN not acknowledged: resources', () => {
    const path = pathOf([
      closed(),
      step(ms(900), 'FIN_WAIT1', 'CLOSE', { writeSeq: 5001, sndUna: 5000 }),
      destroyed(ms(901)),
    ]);
    expect(path).toMatchObject({ ended_by: 'resources', side: 'limit' });
  });

  test('a reset received is certain where no data came after the close, and inferred where some did', () => {
    const reset = (dataSegsIn: number): ClosePath =>
      pathOf([
        closed({ dataSegsIn: 7 }),
        resetLine({ at: ms(1), sent: false, dataSegsIn }),
        step(ms(1) + 5, 'FIN_WAIT1', 'CLOSE', { err: 104 }),
        destroyed(ms(2), 104),
      ]);
    expect(reset(7)).toMatchObject({ ended_by: 'peer_reset', certain: true, gaps: [] });
    expect(reset(8)).toMatchObject({ ended_by: 'peer_reset', certain: false, gaps: ['cause_inferred'] });
  });

  test('ECONNRESET without the event that brings it is unknown', () => {
    expect(ending(closed(), step(ms(1), 'FIN_WAIT1', 'CLOSE', { err: 104 }), destroyed(ms(2), 104))).toEqual([
      'unknown',
      'unknown',
    ]);
  });

  test('a line that the probe counted and that did not come makes the path uncertain', () => {
    const lines = (count: number): ClosePath =>
      pathOf([
        closed(),
        step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
        step(ms(2), 'FIN_WAIT2', 'CLOSE'),
        destroyLine({ at: ms(3), lines: count }),
      ]);
    expect(lines(3)).toMatchObject({ ended_by: 'fin_wait2_timewait', certain: true, gaps: [] });
    expect(lines(4)).toMatchObject({ certain: false, gaps: ['events_lost'] });
  });

  test('ECONNABORTED: killed by ss -K', () => {
    expect(
      ending(
        closed(),
        sent(ms(9), REASONS.TCP_STATE),
        step(ms(9) + 5, 'FIN_WAIT1', 'CLOSE', { err: 103, own: true }),
        destroyed(ms(9) + 9, 103),
      ),
    ).toEqual(['killed', 'operator']);
  });

  test('a reset out of FIN_WAIT2 by a timer: fin_timeout', () => {
    expect(
      ending(
        closed(),
        step(ms(1), 'FIN_WAIT1', 'FIN_WAIT2'),
        sent(ms(99), REASONS.TCP_STATE),
        step(ms(99) + 5, 'FIN_WAIT2', 'CLOSE'),
        destroyed(ms(99) + 9),
      ),
    ).toEqual(['fin_timeout', 'peer']);
  });

  test('a silent end in FIN_WAIT1 is unknown', () => {
    expect(ending(closed(), step(ms(9), 'FIN_WAIT1', 'CLOSE'), destroyed(ms(9)))).toEqual(['unknown', 'unknown']);
  });

  test('without its way into CLOSE the ending is unknown', () => {
    expect(ending(closed(), destroyed(ms(9)))).toEqual(['unknown', 'unknown']);
  });

  test('where the kernel gives no reset reasons, their numbers mean nothing', () => {
    const path = pathOf(
      [closed(), step(us(50), 'FIN_WAIT1', 'CLOSE', { own: true }), sent(us(60), 13), destroyed(us(70))],
      { reasons: NO_REASONS },
    );
    expect([path.ended_by, path.side]).toEqual(['unknown', 'limit']);
  });
});

describe.each([
  ['inferred from a tracepoint', VIA.last_fput],
  ['hooked', VIA.hook],
])('aborted by the close itself, %s', (_how, via) => {
  /** The close moves it from `from` into CLOSE: in one line for the tracepoint backend, in a second for a hook. */
  const abort = (from: TcpState, change: AnnounceFields = {}): readonly string[] =>
    via === VIA.hook
      ? [
          announceLine({ at: 0, via, state: from, ...change }),
          setStateLine({ at: us(5), from, to: 'CLOSE', own: true, flags: change.flags ?? 0 }),
          destroyed(us(20)),
        ]
      : [closed({ via, ...change }, from, 'CLOSE'), destroyed(us(20))];

  test('with unread data', () => {
    const path = pathOf(abort('ESTABLISHED', { rcvNxt: 1100, copiedSeq: 1000 }));
    expect([path.ended_by, path.side, path.unread_bytes]).toEqual(['unread_data', 'local', 100]);
  });

  test('with SO_LINGER of 0 s', () => {
    expect(ending(...abort('ESTABLISHED', { flags: SOCK.LINGER, lingerTime: 0 }))).toEqual(['linger_zero', 'local']);
  });

  test('with both, unread data is what __tcp_close looks at first', () => {
    expect(
      ending(...abort('ESTABLISHED', { flags: SOCK.LINGER, lingerTime: 0, rcvNxt: 1100, copiedSeq: 1000 })),
    ).toEqual(['unread_data', 'local']);
  });

  test('while connecting', () => {
    expect(ending(...abort('SYN_SENT'))).toEqual(['never_connected', 'local']);
  });

  test('as a listener', () => {
    expect(ending(...abort('LISTEN', { rport: 0, peer: '0.0.0.0' }))).toEqual(['listener_closed', 'local']);
  });

  test('for no reason that shows: not guessed', () => {
    expect(ending(...abort('ESTABLISHED'))).toEqual(['unknown', 'unknown']);
  });
});

describe.each([
  ['announced at its destroy', VIA.destroy],
  ['hooked', VIA.hook],
])('found in CLOSE by the close, %s', (_how, via) => {
  const found = (moves: readonly PastMove[], err = 0, change: AnnounceFields = {}): readonly string[] => [
    announceLine({
      at: ms(9),
      via,
      state: 'CLOSE',
      own: true,
      flags: via === VIA.hook ? 0 : SOCK.DEAD,
      moves,
      ...change,
    }),
    destroyLine({ at: ms(9) + us(5), err, own: true }),
  ];
  const past = (from: TcpState, change: Partial<PastMove> = {}): PastMove => ({
    at: ms(1),
    from,
    to: 'CLOSE',
    ...change,
  });

  test('with no peer: it was never connected', () => {
    expect(ending(...found([], 0, { peer: '0.0.0.0', rport: 0 }))).toEqual(['never_connected', 'none']);
  });

  test('with a peer and no past: how it got there is older than the capture', () => {
    expect(ending(...found([]))).toEqual(['unknown', 'unknown']);
  });

  test.each([
    [111, 'peer'],
    [110, 'unknown'],
  ] as const)('connect() had failed with errno %d', (err, side) => {
    const path = pathOf(found([past('SYN_SENT', { err })], err));
    expect([path.ended_by, path.side]).toEqual(['never_connected', side]);
  });

  test('a SYN that nobody answered is no lost data', () => {
    const path = pathOf(found([past('SYN_SENT', { err: 110 })], 110, { writeSeq: 5001, sndUna: 5000 }));
    expect(path.lost_bytes).toBeNull();
  });

  test.each([
    ['LAST_ACK', 'acked'],
    ['CLOSING', 'time_wait'],
    ['FIN_WAIT2', 'time_wait'],
  ] as const)('both sides had shut down, the last from %s', (from, end) => {
    expect(ending(...found([past(from)]))).toEqual([end, 'none']);
  });

  test.each([104, 32])('the peer had reset it (errno %d)', (err) => {
    expect(ending(...found([past('ESTABLISHED', { err })], err))).toEqual(['peer_reset', 'peer']);
  });

  test('it had been killed', () => {
    expect(ending(...found([past('ESTABLISHED', { err: 103, own: true })], 103))).toEqual(['killed', 'operator']);
  });

  test('a task had moved it there, as connect(AF_UNSPEC) does', () => {
    expect(ending(...found([past('ESTABLISHED', { own: true })]))).toEqual(['unknown', 'local']);
  });

  test("tcp_disconnect sets ECONNRESET after it: the errno of the way into CLOSE counts, not the destroy's", () => {
    const path = pathOf(found([past('ESTABLISHED', { own: true })], 104));
    expect(path).toMatchObject({ ended_by: 'unknown', side: 'local', certain: false });
  });
});

describe('destroyed without a close', () => {
  const forgotten = (change: AnnounceFields = {}): string =>
    announceLine({
      at: 0,
      via: VIA.destroy,
      state: 'CLOSE',
      own: false,
      holder: HOLDER.none,
      flags: SOCK.DEAD,
      ...change,
    });

  test('a child that its listener forgot', () => {
    const path = pathOf([forgotten({ moves: [{ at: -us(9), from: 'ESTABLISHED', to: 'CLOSE' }] }), destroyed(us(5))]);
    expect(path).toMatchObject({ ended_by: 'listener_closed', how: 'listener', closer: null, closed_at: null });
  });

  test('a child that the peer had reset', () => {
    const path = pathOf([
      forgotten({ moves: [{ at: -us(9), from: 'ESTABLISHED', to: 'CLOSE', err: 104 }] }),
      destroyed(us(5), 104),
    ]);
    expect(path).toMatchObject({ ended_by: 'peer_reset', side: 'peer' });
  });

  test('of whose past nothing is known: unknown', () => {
    expect(pathOf([forgotten(), destroyed(us(5))])).toMatchObject({
      ended_by: 'unknown',
      side: 'unknown',
      certain: false,
    });
  });
});

describe('distance in sequence space', () => {
  test.each([
    [10, 4, 6],
    [4, 4, 0],
    [3, 0xfffffffe, 5],
    [4, 10, null],
  ])('from %d back to %d is %s', (a, b, bytes) => {
    expect(distance(a, b)).toBe(bytes);
  });
});
