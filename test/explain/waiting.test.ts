import { describe, expect, test } from 'vitest';
import { VIA } from '../../src/wire/event.ts';
import { SOCK } from '../../src/wire/evidence.ts';
import { pathOf } from '../builders/explain.ts';
import { only, track } from '../builders/track.ts';
import {
  announceLine,
  destroyLine,
  lookLine,
  ms,
  retransmitLine,
  sec,
  setStateLine,
  sweptLine,
  tickLine,
} from '../builders/wire-lines.ts';

const shut = { pending: 3, packetsOut: 0, writeSeq: 6000, sndUna: 5000, sndNxt: 5000, sndWnd: 0 };
const inFlight = { pending: 1, packetsOut: 1 };
const closed = (change: object = {}): string =>
  announceLine({ at: 0, moves: [{ at: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }], ...change });

describe('a sock still dying waits for', () => {
  test.each([
    ['FIN_WAIT1', 'ack'],
    ['CLOSING', 'ack'],
    ['LAST_ACK', 'last_ack'],
    ['FIN_WAIT2', 'peer_fin'],
  ] as const)('in %s: %s', (state, waiting) => {
    const line = announceLine({ at: 0, state, moves: [{ at: 0, from: state, to: state, own: true }] });
    expect(pathOf([line], { until: sec(5) }).waiting_for).toBe(waiting);
  });

  test.each(['FIN_WAIT1', 'LAST_ACK'] as const)(
    'in %s with the probe timer and a window without room: window',
    (state) => {
      const line = announceLine({ at: 0, state, moves: [{ at: 0, from: state, to: state, own: true }], ...shut });
      expect(pathOf([line], { until: sec(5) }).waiting_for).toBe('window');
    },
  );

  test('the probe timer over a window that has room is no shut window', () => {
    const path = pathOf([closed({ ...shut, sndWnd: 65_535 })], { until: sec(5) });
    expect(path).toMatchObject({ waiting_for: 'ack', side: 'local' });
    expect(path.because[0]).toContain(
      'room for 65535 B: this host paces it (SO_MAX_PACING_RATE), or could not send it',
    );
    expect(path.advice.join(' ')).toContain("this host's own way out");
    expect(path.advice.join(' ')).not.toContain('tcpdump on both ends');
  });

  test('attempts that this host dropped itself, even over a window that is too small for all', () => {
    const path = pathOf([closed({ ...shut, sndWnd: 500, probesOut: 3 })], { until: sec(5) });
    expect(path).toMatchObject({ waiting_for: 'ack', side: 'local' });
    expect(path.because[0]).toContain('3 attempts to send it did not leave this host');
  });

  test('retransmissions that this host dropped itself', () => {
    const lines = [closed(inFlight), lookLine({ at: sec(2), state: 'FIN_WAIT1', ...inFlight, icskRetransmits: 4 })];
    const path = pathOf(lines, { until: sec(2) });
    expect(path).toMatchObject({ waiting_for: 'ack', side: 'local' });
    expect(path.because[0]).toContain('4 retransmission timeouts so far, and what they sent did not leave this host');
  });

  test('a segment in flight is waited for, whatever the close saw', () => {
    const path = pathOf([closed(shut), retransmitLine({ at: sec(1), ...inFlight })], { until: sec(2) });
    expect(path.waiting_for).toBe('ack');
  });

  test('what a later look shows: the window was shut after the close, without an event', () => {
    const lines = [closed(inFlight), lookLine({ at: sec(2), state: 'FIN_WAIT1', ...shut })];
    expect(pathOf(lines, { until: sec(5) })).toMatchObject({ waiting_for: 'window', side: 'peer', probes: 0 });
  });

  test('nothing that is known, once a retransmission should have come several times and nobody has looked again', () => {
    const path = pathOf([closed(inFlight)], { until: sec(5) });
    expect(path).toMatchObject({ waiting_for: 'unknown', side: 'unknown' });
    expect(path.because[0]).toMatch(/newest evidence is 5\.0 s old/);
  });

  test('the same as before, where a pass has found it as it was', () => {
    const line = closed({ ...inFlight, rto: 51 });
    const { tracker } = track().feed(line, sweptLine(sec(5), sec(4)), tickLine(sec(6)));
    const sock = only(tracker.live());
    expect(tracker.evidenceAt(sock)).toBe(sec(4));
    // One that was announced while the pass went on may have been left out.
    const { tracker: other } = track().feed(line, sweptLine(sec(5), ms(50)), tickLine(sec(6)));
    expect(other.evidenceAt(only(other.live()))).toBe(0);
    // A pass that could not look at all of them says nothing of any.
    const { tracker: full } = track().feed(line, sweptLine(sec(5), sec(4), 1), tickLine(sec(6)));
    expect(full.evidenceAt(only(full.live()))).toBe(0);
  });

  test('close() under SO_LINGER: linger', () => {
    expect(pathOf([closed({ flags: SOCK.LINGER, lingerTime: 2500 })], { until: sec(5) }).waiting_for).toBe('linger');
  });

  test('of a close that was not observed, what it waits for now', () => {
    const found = announceLine({
      at: 0,
      via: VIA.foundDead,
      state: 'FIN_WAIT1',
      flags: SOCK.DEAD,
      moves: [{ at: 0, from: 'FIN_WAIT1', to: 'FIN_WAIT2' }],
    });
    expect(pathOf([found], { until: sec(5) }).waiting_for).toBe('peer_fin');
  });
});

describe('an ended sock waited longest for', () => {
  const end = (at: number, from: 'FIN_WAIT1' | 'FIN_WAIT2', change: object = {}): readonly string[] => [
    setStateLine({ at, from, to: 'CLOSE', flags: SOCK.DEAD, ...change }),
    destroyLine({ at }),
  ];
  const acked = (at: number): string => setStateLine({ at, from: 'FIN_WAIT1', to: 'FIN_WAIT2', flags: SOCK.DEAD });

  test('the acknowledgement, when that took longer than the peer’s FIN', () => {
    expect(pathOf([closed(), acked(ms(100)), ...end(ms(150), 'FIN_WAIT2')]).waiting_for).toBe('ack');
  });

  test('the peer’s FIN, when that took longer', () => {
    expect(pathOf([closed(), acked(ms(10)), ...end(ms(150), 'FIN_WAIT2')]).waiting_for).toBe('peer_fin');
  });

  test('the window, although its end wipes the probe timer', () => {
    const path = pathOf([closed(shut), ...end(sec(9), 'FIN_WAIT1', { ...shut, pending: 0, probesOut: 9, err: 110 })]);
    expect(path.waiting_for).toBe('window');
  });

  test.each([
    [1200, 1467, 'window'],
    [200, 1467, 'ack'],
  ] as const)(
    'a window that opened, when what it let out was lost after %d ms of %d: %s',
    (lost, acknowledged, waited) => {
      const path = pathOf([
        closed(shut),
        retransmitLine({ at: ms(lost), state: 'FIN_WAIT1', flags: SOCK.DEAD, packetsOut: 2 }),
        setStateLine({ at: ms(acknowledged), from: 'FIN_WAIT1', to: 'FIN_WAIT2', flags: SOCK.DEAD }),
        ...end(ms(acknowledged + 1), 'FIN_WAIT2'),
      ]);
      expect(path).toMatchObject({ waiting_for: waited, retransmits: 1 });
    },
  );

  test('linger, when close() waited longer than the orphan lived', () => {
    const path = pathOf([
      closed({ flags: SOCK.LINGER, lingerTime: 2500 }),
      setStateLine({ at: sec(3), from: 'FIN_WAIT1', to: 'FIN_WAIT2', flags: SOCK.DEAD }),
      ...end(sec(4), 'FIN_WAIT2'),
    ]);
    expect(path.waiting_for).toBe('linger');
  });

  test('nothing, where it died in the close', () => {
    const path = pathOf([
      announceLine({ at: 0, moves: [{ at: 0, from: 'ESTABLISHED', to: 'CLOSE', own: true }] }),
      destroyLine({ at: 5000 }),
    ]);
    expect(path.waiting_for).toBe('nothing');
  });

  test('is unknown without the close', () => {
    const path = pathOf([
      announceLine({ at: 0, via: VIA.foundDead, flags: SOCK.DEAD, moves: [{ at: 0, from: 'LAST_ACK', to: 'CLOSE' }] }),
      destroyLine({ at: 5000 }),
    ]);
    expect(path.waiting_for).toBe('unknown');
  });
});
