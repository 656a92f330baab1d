import { describe, expect, test } from 'vitest';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import type { TcpState } from '../../../src/kernel/tcp-state.ts';
import { VIA } from '../../../src/wire/event.ts';
import { closed, destroyed, ending, FINDS, forgotten, found, past, step } from '../../builders/endings.ts';
import { pathOf } from '../../builders/explain.ts';
import { type AnnounceFields, ms, type PastMove, us } from '../../builders/wire-lines.ts';

const TIMED_OUT = 110;
const ALL_ACKED = { writeSeq: 5000, sndUna: 5000 } as const;

/** The way into a state that is no beginning. */
const WAY: Partial<Record<TcpState, readonly PastMove[]>> = {
  FIN_WAIT2: [
    { at: us(1), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true },
    { at: us(2), from: 'FIN_WAIT1', to: 'FIN_WAIT2' },
  ],
  CLOSE_WAIT: [{ at: us(1), from: 'ESTABLISHED', to: 'CLOSE_WAIT' }],
};

/** In CLOSE before the close; `sk_err` at the destroy is 0 where the process had read the error. */
const held = (from: TcpState, via: number, change: AnnounceFields = {}, move: Partial<PastMove> = {}): ClosePath =>
  pathOf(found(via, [...(WAY[from] ?? []), past(from, { err: TIMED_OUT, ...move })], 0, { ...ALL_ACKED, ...change }));

describe.each(FINDS)('a timer had ended it before the close, %s', (_how, via) => {
  test.each(['FIN_WAIT2', 'CLOSE_WAIT', 'ESTABLISHED'] as const)('in %s with nothing in flight: keepalive', (from) => {
    const path = held(from, via);
    expect(path).toMatchObject({ ended_by: 'keepalive', side: 'unknown', certain: true, gaps: [] });
    expect(path.because.join()).toMatch(/nothing in flight.*ETIMEDOUT/);
  });

  test('an error that says unreachable is of ICMP or of this host: nobody knows', () => {
    const told = held('FIN_WAIT2', via, { errSoft: 113 }, { err: 113 });
    expect([told.ended_by, told.side]).toEqual(['keepalive', 'unknown']);
    expect(told.because.join()).toContain("or the loss of this host's own route");
    expect(held('FIN_WAIT2', via, {}, { err: 113 }).ended_by).toBe('unknown');
  });

  test('TCP_USER_TIMEOUT bounds the probes, and the evidence says so', () => {
    expect(held('CLOSE_WAIT', via, { userTimeoutMs: 3000 }).because.join()).toContain('TCP_USER_TIMEOUT of 3000 ms');
  });

  test.each(['CLOSE_WAIT', 'ESTABLISHED'] as const)('in %s with data in flight: another timer, unknown', (from) => {
    const path = held(from, via, { sndUna: 4000 });
    expect(path).toMatchObject({ ended_by: 'unknown', gaps: ['cause_not_decided'] });
    expect(path.because.join()).toContain('with data in flight');
  });

  test('where connect(AF_UNSPEC) has changed the sequence numbers since then, nobody knows', () => {
    const path = held('ESTABLISHED', via, { writeSeq: 70_000, rport: 0 });
    expect(path.ended_by).toBe('unknown');
    expect(path.because.join()).toContain('not known');
  });

  test('no keepalive ends a connection that was not there yet, or one whose lock a task owns', () => {
    expect(held('SYN_SENT', via).ended_by).toBe('never_connected');
    expect(held('FIN_WAIT2', via, {}, { own: true }).ended_by).toBe('unknown');
    expect(held('LAST_ACK', via).ended_by).not.toBe('keepalive');
  });

  test('a reset, an abort and a silent end before the close are told as before', () => {
    expect(held('FIN_WAIT2', via, {}, { err: 104 }).ended_by).toBe('peer_reset');
    expect(held('FIN_WAIT2', via, {}, { err: 103 }).ended_by).toBe('killed');
    expect(held('CLOSE_WAIT', via, {}, { err: 0 }).ended_by).toBe('unknown');
  });
});

test('a child that nobody had accepted sent nothing: keepalive, whatever its listener did later', () => {
  const moves = [{ at: -us(9), from: 'CLOSE_WAIT', to: 'CLOSE', err: TIMED_OUT } as const];
  const path = pathOf([forgotten({ moves, writeSeq: 70_000, rport: 0 }), destroyed(us(5), TIMED_OUT)]);
  expect(path).toMatchObject({ ended_by: 'keepalive', how: 'listener', side: 'unknown' });
  expect(path.advice.join()).not.toContain('this application');
});

test('one that nobody closed, and that was no child, is not decided', () => {
  const moves = [past('FIN_WAIT2', { err: TIMED_OUT })];
  expect(ending(...found(VIA.destroy, moves, TIMED_OUT, { ...ALL_ACKED, own: false, holder: 2 }))).toEqual([
    'unknown',
    'unknown',
  ]);
});

test('after the close it is retries, keepalive never', () => {
  const end = step(ms(9), 'FIN_WAIT1', 'CLOSE', { err: TIMED_OUT, icskRetransmits: 3, rto: 51 << 3 });
  expect(ending(closed(), end, destroyed(ms(9) + 5, TIMED_OUT))).toEqual(['retries', 'unknown']);
});

test('the advice names the peer and the settings that would not help', () => {
  const advice = held('FIN_WAIT2', VIA.destroy).advice.join(' ');
  expect(advice).toMatch(/10\.0\.0\.2:51234.*POLLHUP.*tcp_fin_timeout would not help/);
});
