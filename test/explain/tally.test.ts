import { expect, test } from 'vitest';
import { talliedDeaths } from '../../src/explain/tally.ts';
import { TCP } from '../../src/kernel/tcp-state.ts';
import { traceNs } from '../../src/kernel/units.ts';
import type { Tallied } from '../../src/lifecycle/tallied.ts';
import { TALLY, VIA } from '../../src/wire/event.ts';

const aTally = (change: Partial<Tallied>): Tallied => ({
  kind: 'tally',
  at: traceNs(0),
  via: VIA.last_fput,
  exiting: false,
  closedIn: TCP.ESTABLISHED,
  lastFrom: TCP.FIN_WAIT2,
  err: 0,
  reset: 0,
  marks: TALLY.done,
  size: 6,
  count: 1,
  atOrphanLimit: 0,
  atMemoryLimit: 0,
  ...change,
});
const { in_close, unread, linger_zero, kernel, done, linger2, own, answered, all_acked, unsent, tw_full, tw_none } =
  TALLY;
const inClose = (marks: number, closedIn: number) => ({ marks: in_close | marks, closedIn, lastFrom: closedIn });
const before = { via: VIA.destroy, closedIn: 0, size: 0 };
/** The hook on __tcp_close saw the close of one that was in CLOSE. */
const closedInClose = { via: VIA.hook, closedIn: TCP.CLOSE, marks: 0 };

test.each([
  // A full map did not keep its past: no cause may be read from the rest.
  ['unknown', 'unknown', 'unknown', { via: VIA.foundDead, closedIn: 0, lastFrom: 0, marks: 0, size: 0 }],
  ['close', 'time_wait', 'none', {}],
  ['close', 'time_wait', 'none', { lastFrom: TCP.CLOSING, marks: 0 }],
  ['close', 'fin_wait2_timewait', 'peer', { marks: 0 }],
  ['close', 'linger2', 'local', { marks: linger2 }],
  ['close', 'linger2', 'local', { marks: linger2, reset: 13 }],
  ['close', 'acked', 'none', { lastFrom: TCP.LAST_ACK, closedIn: TCP.CLOSE_WAIT }],
  ['exit', 'acked', 'none', { lastFrom: TCP.LAST_ACK, exiting: true }],
  ['kernel', 'acked', 'none', { lastFrom: TCP.LAST_ACK, marks: done | kernel }],
  ['close', 'peer_reset', 'peer', { err: 104 }],
  ['close', 'peer_reset', 'peer', { err: 32, lastFrom: TCP.LAST_ACK }],
  ['close', 'killed', 'operator', { err: 103 }],
  // Retries and a user timeout end alike.
  ['close', 'unknown', 'unknown', { err: 110 }],
  // The orphan limit or memory: only the moment tells which of them.
  ['close', 'unknown', 'limit', { lastFrom: TCP.FIN_WAIT1, marks: 0, reset: 14 }],
  ['exit', 'orphan_limit', 'limit', { lastFrom: TCP.FIN_WAIT1, exiting: true, reset: 255, atOrphanLimit: 1 }],
  ['close', 'out_of_memory', 'limit', { lastFrom: TCP.LAST_ACK, reset: 14, atMemoryLimit: 1 }],
  // At the limit, too, others die for their usual causes.
  ['close', 'acked', 'none', { lastFrom: TCP.LAST_ACK, atOrphanLimit: 1 }],
  ['close', 'peer_reset', 'peer', { lastFrom: TCP.FIN_WAIT1, err: 104, reset: 14, atOrphanLimit: 1 }],
  ['close', 'listener_closed', 'local', inClose(0, TCP.LISTEN)],
  ['close', 'never_connected', 'local', inClose(0, TCP.SYN_SENT)],
  ['close', 'unread_data', 'local', inClose(unread | linger_zero, TCP.ESTABLISHED)],
  ['close', 'linger_zero', 'local', inClose(linger_zero, TCP.CLOSE_WAIT)],
  ['close', 'unknown', 'unknown', inClose(0, TCP.ESTABLISHED)],
  ['close', 'never_connected', 'none', { ...before, lastFrom: 0, marks: own }],
  ['close', 'never_connected', 'peer', { ...before, lastFrom: TCP.SYN_SENT, err: 111, marks: own }],
  ['close', 'peer_reset', 'peer', { ...before, lastFrom: TCP.ESTABLISHED, err: 104, marks: own }],
  ['listener', 'listener_closed', 'local', { ...before, lastFrom: TCP.ESTABLISHED, marks: 0 }],
  ['listener', 'peer_reset', 'peer', { ...before, lastFrom: TCP.ESTABLISHED, err: 104, marks: 0 }],
  ['listener', 'listener_closed', 'local', { ...before, lastFrom: TCP.ESTABLISHED, err: 104, reset: 15, marks: 0 }],
  ['close', 'never_connected', 'none', { ...closedInClose, lastFrom: 0 }],
  ['close', 'never_connected', 'unknown', { ...closedInClose, lastFrom: TCP.SYN_SENT }],
  ['close', 'listener_closed', 'local', { ...closedInClose, lastFrom: TCP.LISTEN }],
  ['close', 'time_wait', 'none', { ...closedInClose, lastFrom: TCP.FIN_WAIT2, marks: done }],
  ['close', 'unknown', 'unknown', { ...closedInClose, lastFrom: TCP.FIN_WAIT2 }],
  ['close', 'time_wait', 'none', { ...closedInClose, lastFrom: TCP.CLOSING }],
  ['kernel', 'acked', 'none', { ...closedInClose, lastFrom: TCP.LAST_ACK, marks: kernel }],
  ['close', 'killed', 'operator', { ...closedInClose, lastFrom: TCP.ESTABLISHED, err: 103 }],
  ['close', 'unknown', 'unknown', { ...closedInClose, lastFrom: TCP.ESTABLISHED }],
  // FIN_WAIT2 alone shows that nothing was in flight; elsewhere the probe has to have looked.
  ['close', 'keepalive', 'unknown', { ...closedInClose, lastFrom: TCP.FIN_WAIT2, err: 110 }],
  ['close', 'keepalive', 'unknown', { ...closedInClose, lastFrom: TCP.FIN_WAIT2, err: 113 }],
  ['exit', 'keepalive', 'unknown', { ...before, lastFrom: TCP.FIN_WAIT2, err: 110, marks: own, exiting: true }],
  ['close', 'keepalive', 'unknown', { ...before, lastFrom: TCP.CLOSE_WAIT, err: 110, marks: own | all_acked }],
  ['close', 'keepalive', 'unknown', { ...before, lastFrom: TCP.ESTABLISHED, err: 110, marks: own | all_acked }],
  ['close', 'unknown', 'unknown', { ...before, lastFrom: TCP.CLOSE_WAIT, err: 110, marks: own }],
  ['close', 'unknown', 'unknown', { ...before, lastFrom: TCP.ESTABLISHED, err: 110, marks: own }],
  ['listener', 'keepalive', 'unknown', { ...before, lastFrom: TCP.ESTABLISHED, err: 110, reset: 15, marks: 0 }],
  ['close', 'never_connected', 'unknown', { ...before, lastFrom: TCP.SYN_SENT, err: 110, marks: own | all_acked }],
  // No minisock took over, or perhaps none did.
  ['close', 'time_wait_overflow', 'limit', { marks: tw_none }],
  ['close', 'time_wait_overflow', 'limit', { marks: done | tw_none }],
  ['close', 'time_wait_overflow', 'limit', { lastFrom: TCP.CLOSING, marks: tw_none }],
  ['close', 'unknown', 'limit', { marks: tw_full }],
  ['close', 'unknown', 'limit', { lastFrom: TCP.CLOSING, marks: tw_full }],
  ['close', 'linger2', 'local', { marks: linger2 | tw_none }],
  // A reset that came before our FIN had left, with nothing in flight: this host made it.
  ['close', 'local_reset', 'local', { lastFrom: TCP.FIN_WAIT1, err: 104, marks: unsent }],
  ['close', 'peer_reset', 'peer', { lastFrom: TCP.FIN_WAIT1, err: 104 }],
] as const)('%s: %s, %s', (how, ended_by, side, change) => {
  expect(talliedDeaths([aTally(change)])).toMatchObject([{ how, ended_by, side, count: 1 }]);
});

test('data after the close looks like a reset by the peer, less those that were corrected', () => {
  const reset = { err: 104, marks: 0, count: 10 };
  const deaths = talliedDeaths([aTally(reset), aTally({ ...reset, marks: answered, count: 4 })]);
  expect(deaths.map(({ ended_by, count }) => [ended_by, count])).toEqual([
    ['peer_reset', 6],
    ['data_after_close', 4],
  ]);
});

test('data that came with the ACK of our FIN looks like a hand-over to a minisock, less those that were corrected', () => {
  const handed = { lastFrom: TCP.FIN_WAIT2, err: 0, marks: 0, count: 10 };
  const deaths = talliedDeaths([aTally(handed), aTally({ ...handed, marks: answered, count: 3 })]);
  expect(deaths.map(({ ended_by, count }) => [ended_by, count])).toEqual([
    ['fin_wait2_timewait', 7],
    ['data_after_close', 3],
  ]);
});

test('times of one kind are added up, shortest first', () => {
  const [deaths] = talliedDeaths([
    aTally({ size: 8, count: 3 }),
    aTally({ size: 1, count: 2 }),
    aTally({ size: 8, count: 4, marks: done | own }),
  ]);
  expect(deaths?.dwell).toEqual([
    { from_us: 0, count: 2 },
    { from_us: 128, count: 7 },
  ]);
});

test('of one class, some died at one limit and some at the other', () => {
  const limits = { lastFrom: TCP.FIN_WAIT1, marks: 0, reset: 14, count: 10, atOrphanLimit: 7, atMemoryLimit: 2 };
  expect(talliedDeaths([aTally(limits)]).map(({ ended_by, side, count }) => [ended_by, side, count])).toEqual([
    ['orphan_limit', 'limit', 7],
    ['out_of_memory', 'limit', 2],
    ['unknown', 'limit', 1],
  ]);
});
