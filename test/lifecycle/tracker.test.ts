import { describe, expect, test } from 'vitest';
import { TCP } from '../../src/kernel/tcp-state.ts';
import { TALLY, VIA } from '../../src/wire/event.ts';
import { HOLDER, parseAnnounce, parseEvidence, SOCK } from '../../src/wire/evidence.ts';
import { decodeAll, only, track } from '../builders/track.ts';
import {
  announceLine,
  destroyLine,
  inventoriedLine,
  inventoryEndLine,
  lookLine,
  lostLine,
  ms,
  PF_EXITING,
  resetLine,
  retransmitLine,
  sampleLine,
  sec,
  setStateLine,
  tallyLine,
  tickLine,
  us,
} from '../builders/wire-lines.ts';

const readyAt = (at: number): string => inventoryEndLine(at, { attachedAt: at - 1 });

describe('a close path', () => {
  test('passive close: LAST_ACK to CLOSE, destroyed', () => {
    const { tracker, ended } = track().feed(
      readyAt(0),
      announceLine({
        at: ms(1),
        state: 'CLOSE_WAIT',
        moves: [
          { at: us(500), from: 'ESTABLISHED', to: 'CLOSE_WAIT' },
          { at: ms(1), from: 'CLOSE_WAIT', to: 'LAST_ACK', own: true },
        ],
      }),
      setStateLine({ at: ms(2), from: 'LAST_ACK', to: 'CLOSE', flags: SOCK.DEAD }),
      destroyLine({ at: ms(3), cookie: 77n }),
      tickLine(ms(10)),
    );
    expect(only(ended)).toMatchObject({
      generation: 1,
      announcedAt: ms(1),
      orphanAt: ms(1),
      state: 7,
      moves: [{ at: ms(2), from: 9, to: 7, own: false }],
      destroyedAt: ms(3),
      cookie: '77',
    });
    expect(only(ended).gaps.size).toBe(0);
    expect(tracker.ledger()).toMatchObject({ entries: 1, exits: 1, orphans: 0, inferred: 0 });
  });

  test('active close: FIN_WAIT1, FIN_WAIT2, CLOSE', () => {
    const { ended } = track().feed(
      readyAt(0),
      announceLine({ at: ms(1), moves: [{ at: ms(1), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }] }),
      setStateLine({ at: ms(2), from: 'FIN_WAIT1', to: 'FIN_WAIT2' }),
      setStateLine({ at: ms(3), from: 'FIN_WAIT2', to: 'CLOSE' }),
      destroyLine({ at: ms(4) }),
      tickLine(ms(20)),
    );
    expect(only(ended).moves.map(({ from, to }) => [from, to])).toEqual([
      [4, 5],
      [5, 7],
    ]);
    expect([...only(ended).gaps]).toEqual([]);
  });

  test('simultaneous close: FIN_WAIT1, CLOSING, CLOSE', () => {
    const { ended } = track().feed(
      announceLine({ at: ms(1), moves: [{ at: ms(1), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }] }),
      setStateLine({ at: ms(2), from: 'FIN_WAIT1', to: 'CLOSING' }),
      setStateLine({ at: ms(3), from: 'CLOSING', to: 'CLOSE' }),
      destroyLine({ at: ms(4) }),
      tickLine(ms(20)),
    );
    expect(only(ended)).toMatchObject({ state: 7, moves: [{ to: 11 }, { to: 7 }] });
    expect([...only(ended).gaps]).toEqual([]);
  });

  test('a hook announces in the state that the close found; the closing move is a line of its own', () => {
    const { ended } = track().feed(
      announceLine({ at: ms(1), via: VIA.hook, state: 'ESTABLISHED', moves: [] }),
      setStateLine({ at: ms(1) + 10, from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }),
      setStateLine({ at: ms(2), from: 'FIN_WAIT1', to: 'FIN_WAIT2' }),
      setStateLine({ at: ms(3), from: 'FIN_WAIT2', to: 'CLOSE' }),
      destroyLine({ at: ms(3) + 10 }),
      tickLine(ms(20)),
    );
    expect(only(ended).moves).toHaveLength(3);
    expect([...only(ended).gaps]).toEqual([]);
  });

  test('a sock found in CLOSE is announced at its destroy: one entry, one exit, no gap', () => {
    const { tracker, ended } = track().feed(
      readyAt(0),
      announceLine({ at: ms(1), via: VIA.destroy, state: 'CLOSE', own: true, flags: SOCK.DEAD }),
      destroyLine({ at: ms(1) + 10, own: true }),
      tickLine(ms(20)),
    );
    expect(only(ended)).toMatchObject({ state: 7, orphanAt: ms(1), destroyedAt: ms(1) + 10 });
    expect([...only(ended).gaps]).toEqual([]);
    expect(tracker.ledger()).toMatchObject({ entries: 1, exits: 1, orphans: 0, inferred: 0 });
  });

  test('a listener’s child that was never accepted enters and leaves at once', () => {
    const { tracker, ended } = track().feed(
      readyAt(0),
      announceLine({
        at: ms(1),
        via: VIA.destroy,
        state: 'CLOSE',
        own: false,
        holder: HOLDER.none,
        flags: SOCK.DEAD,
        moves: [{ at: us(990), from: 'ESTABLISHED', to: 'CLOSE' }],
      }),
      destroyLine({ at: ms(1) + 10 }),
      tickLine(ms(20)),
    );
    expect(only(ended).gaps.size).toBe(0);
    expect(tracker.ledger()).toMatchObject({ entries: 1, exits: 1, orphans: 0 });
  });

  test('a reset that the peer sent is kept with the path', () => {
    const { ended } = track().feed(
      announceLine({ at: ms(1) }),
      resetLine({ at: ms(2), sent: false, state: 'FIN_WAIT1' }),
      setStateLine({ at: ms(2) + 1, from: 'FIN_WAIT1', to: 'CLOSE', err: 104 }),
      destroyLine({ at: ms(2) + 2, err: 104 }),
      tickLine(ms(20)),
    );
    expect(only(ended).resets).toMatchObject([{ sent: false, state: 4 }]);
    expect(only(ended).destroyErr).toBe(104);
  });

  test('of a storm of resets the first eight are kept', () => {
    const { tracker } = track().feed(
      announceLine({ at: 0 }),
      ...Array.from({ length: 100 }, (_, i) => resetLine({ at: i + 1, sent: false })),
    );
    expect(only(tracker.live()).resets.map(({ at }) => at)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('retransmits are counted, and the newest line is the evidence', () => {
    const { tracker } = track().feed(
      announceLine({ at: 0 }),
      retransmitLine({ at: ms(200), icskRetransmits: 1 }),
      retransmitLine({ at: ms(600), icskRetransmits: 2 }),
    );
    const sock = only(tracker.live());
    expect(sock.retransmits).toBe(2);
    expect(sock.latest).toBe(retransmitLine({ at: ms(600), icskRetransmits: 2 }));
  });

  test('what is kept of a line is the same after a tick', () => {
    const announced = announceLine({ at: 0 });
    const moved = setStateLine({ at: 5, from: 'FIN_WAIT1', to: 'FIN_WAIT2' });
    const { tracker } = track().feed(announced, moved, tickLine(ms(100)), tickLine(ms(200)));
    const sock = only(tracker.live());
    expect(sock).toMatchObject({ announce: { at: 0, via: VIA.last_fput }, latestAt: 5 });
    expect(parseAnnounce(sock.announce.line)).toEqual(parseAnnounce(announced));
    expect(parseEvidence(sock.latest ?? '')).toEqual(parseEvidence(moved));
  });
});

describe('the aftermath', () => {
  const dead = [announceLine({ at: 0 }), destroyLine({ at: ms(1) })];

  test('a reset within 5 ms of the destroy belongs to the ended sock', () => {
    const { ended } = track().feed(
      ...dead,
      resetLine({ at: ms(6), sent: true, state: 'CLOSE', answersSegment: true, reason: 8 }),
      tickLine(ms(20)),
    );
    expect(only(ended).resets).toMatchObject([{ sent: true, answersSegment: true, reason: 8 }]);
  });

  test('a sock is finished only after it, and only once', () => {
    const { feed, ended, tracker } = track().feed(...dead, tickLine(ms(6)));
    expect(ended).toHaveLength(0);
    feed(tickLine(ms(6) + 1));
    expect(ended).toHaveLength(1);
    feed(tickLine(sec(1)));
    tracker.end();
    expect(ended).toHaveLength(1);
    expect([...tracker.live()]).toEqual([]);
  });

  test('a reset after it is nobody’s', () => {
    const { ended } = track().feed(...dead, resetLine({ at: ms(6) + 1, sent: true }), tickLine(ms(20)));
    expect(only(ended).resets).toEqual([]);
  });

  test('socks finish in the order of their destroys', () => {
    const { ended } = track().feed(
      ...['a', 'b', 'c'].map((sk, i) => announceLine({ at: i, sk })),
      destroyLine({ at: 10, sk: 'b' }),
      destroyLine({ at: 11, sk: 'c' }),
      destroyLine({ at: 12, sk: 'a' }),
      tickLine(ms(20)),
    );
    expect(ended.map(({ sk }) => sk)).toEqual(['b', 'c', 'a']);
  });

  test('thousands of socks all finish', () => {
    const tracked = track();
    for (let i = 0; i < 5000; i++) {
      tracked.feed(
        announceLine({ at: i * 10_000, sk: `a${i.toString(16)}` }),
        destroyLine({ at: i * 10_000 + 1, sk: `a${i.toString(16)}` }),
      );
    }
    tracked.tracker.end();
    expect(new Set(tracked.ended.map(({ sk }) => sk)).size).toBe(5000);
    expect(tracked.tracker.dyingCount()).toBe(0);
  });

  test('the end of the stream finishes destroyed socks and marks the rest', () => {
    const { tracker, ended } = track().feed(...dead, announceLine({ at: ms(2), sk: 'beef' }));
    tracker.end();
    expect(only(ended).gaps.has('capture_ended')).toBe(false);
    expect([...only(tracker.live()).gaps]).toEqual(['capture_ended']);
  });
});

describe('an address used again', () => {
  test('is two generations and two paths', () => {
    const { ended } = track().feed(
      announceLine({ at: 0, rport: 1 }),
      setStateLine({ at: 90, from: 'ESTABLISHED', to: 'CLOSE' }),
      destroyLine({ at: 100 }),
      announceLine({ at: 200, rport: 2 }),
      setStateLine({ at: 290, from: 'ESTABLISHED', to: 'CLOSE' }),
      destroyLine({ at: 300 }),
      tickLine(ms(20)),
    );
    expect(ended.map(({ generation, announcedAt }) => [generation, announcedAt])).toEqual([
      [1, 0],
      [2, 200],
    ]);
    expect(ended.every(({ gaps }) => gaps.size === 0)).toBe(true);
  });

  test('although no destroy was seen, the earlier path ends with a gap and its exit is inferred', () => {
    const { tracker, ended } = track().feed(
      readyAt(0),
      announceLine({ at: 10, rport: 1 }),
      announceLine({ at: 200, rport: 2 }),
    );
    expect(only(ended)).toMatchObject({ generation: 1, destroyedAt: null });
    expect([...only(ended).gaps]).toEqual(['destroy_missed']);
    expect(only(tracker.live()).generation).toBe(2);
    expect(tracker.ledger()).toMatchObject({ entries: 2, exits: 1, orphans: 1, inferred: 1 });
    expect(tracker.dyingCount()).toBe(1);
  });

  test('a second announcement of the same connection found dead already is a repeat', () => {
    const { tracker, ended } = track().feed(
      readyAt(0),
      announceLine({ at: 10 }),
      announceLine({ at: 200, via: VIA.foundDead, flags: SOCK.DEAD }),
      announceLine({ at: 300, via: VIA.destroy, flags: SOCK.DEAD }),
    );
    expect(ended).toEqual([]);
    // Its destroy will tell of the newest; whatever was printed between did not come.
    expect(only(tracker.live())).toMatchObject({ announcedAt: 300, closedAt: 10, generation: 1 });
    expect([...only(tracker.live()).gaps]).toEqual(['events_lost']);
    expect(tracker.ledger()).toMatchObject({ entries: 1, exits: 0, orphans: 1 });
  });

  test('a second close of the same tuple is another life', () => {
    const { ended } = track().feed(announceLine({ at: 10 }), announceLine({ at: 200 }));
    expect([...only(ended).gaps]).toEqual(['destroy_missed']);
  });
});

describe('what was missed', () => {
  test('a destroy without an announcement nets nothing', () => {
    const { tracker, ended } = track().feed(readyAt(0), destroyLine({ at: 10 }));
    expect(ended).toEqual([]);
    expect(tracker.counters().unannounced).toBe(1);
    expect(tracker.ledger()).toMatchObject({ entries: 0, exits: 0, orphans: 0 });
  });

  test('a second destroy of one sock is counted, not taken', () => {
    const { tracker } = track().feed(
      readyAt(0),
      announceLine({ at: 5 }),
      destroyLine({ at: 10 }),
      destroyLine({ at: 11 }),
    );
    expect(tracker.counters().unannounced).toBe(1);
    expect(tracker.ledger()).toMatchObject({ entries: 1, exits: 1, orphans: 0 });
    expect(tracker.dyingCount()).toBe(0);
  });

  test('transitions and retransmits of socks never announced are counted', () => {
    const { tracker } = track().feed(
      setStateLine({ at: 1, from: 'FIN_WAIT1', to: 'FIN_WAIT2' }),
      retransmitLine({ at: 2 }),
    );
    expect(tracker.counters().unannounced).toBe(2);
  });

  test('a transition that does not begin where the last ended is a gap', () => {
    const { tracker } = track().feed(
      announceLine({ at: 0, moves: [{ at: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }] }),
      setStateLine({ at: 5, from: 'FIN_WAIT2', to: 'CLOSE' }),
    );
    expect([...only(tracker.live()).gaps]).toEqual(['transition_missed']);
  });

  test('a destroy in CLOSE after a last word of FIN_WAIT2 is a gap', () => {
    const { ended } = track().feed(
      announceLine({ at: 0, state: 'FIN_WAIT2' }),
      destroyLine({ at: 5 }),
      tickLine(ms(20)),
    );
    expect([...only(ended).gaps]).toEqual(['transition_missed']);
  });

  test('a transition of the address after the destroy is no part of the ended path', () => {
    const { tracker, ended } = track().feed(
      announceLine({ at: 0 }),
      setStateLine({ at: 5, from: 'ESTABLISHED', to: 'CLOSE' }),
      destroyLine({ at: 10 }),
      setStateLine({ at: 20, from: 'FIN_WAIT1', to: 'FIN_WAIT2' }),
      retransmitLine({ at: 30 }),
      tickLine(ms(20)),
    );
    expect(only(ended).moves).toHaveLength(1);
    expect(only(ended)).toMatchObject({ state: 7, retransmits: 0 });
    expect(only(ended).gaps.size).toBe(0);
    expect(tracker.counters().unannounced).toBe(2);
  });

  test('a line that comes twice stands where another one was overwritten: that one is lost', () => {
    const other = { sk: 'beef', cookie: 5n };
    const { tracker, ended } = track().feed(
      readyAt(0),
      announceLine({ at: ms(1) }),
      destroyLine({ at: ms(2), ...other }),
      destroyLine({ at: ms(2), ...other }),
      destroyLine({ at: ms(3) }),
      tickLine(sec(9)),
    );
    expect(tracker.counters().lostEvents).toBe(1);
    expect(ended.flatMap(({ gaps }) => [...gaps])).toContain('events_lost');
  });

  test('lost events mark the paths that live, and no others', () => {
    const { tracker, ended } = track().feed(
      announceLine({ at: 0, sk: 'dead' }),
      announceLine({ at: 0, sk: 'beef' }),
      setStateLine({ at: 1, sk: 'dead', from: 'ESTABLISHED', to: 'CLOSE' }),
      destroyLine({ at: 2, sk: 'dead' }),
      lostLine(3, 40),
      lostLine(4, 2),
      announceLine({ at: 5, sk: 'cafe' }),
      tickLine(ms(20)),
    );
    expect(tracker.counters().lostEvents).toBe(42);
    expect(only(ended).gaps.size).toBe(0);
    expect([...tracker.live()].map(({ sk, gaps }) => [sk, [...gaps]])).toEqual([
      ['beef', ['events_lost']],
      ['cafe', []],
    ]);
  });

  test('a loss marks who is packed, who dies before anybody looks, and who is packed again after it', () => {
    const { tracker, ended } = track().feed(
      ...['dead', 'beef', 'f00d'].map((sk) => announceLine({ at: 0, sk })),
      tickLine(ms(1)),
      lostLine(ms(2), 1),
      announceLine({ at: ms(3), sk: 'cafe' }),
      setStateLine({ at: ms(4), sk: 'dead', from: 'ESTABLISHED', to: 'CLOSE' }),
      destroyLine({ at: ms(5), sk: 'dead' }),
      retransmitLine({ at: ms(6), sk: 'f00d' }),
      tickLine(ms(20)),
    );
    expect([...only(ended).gaps]).toEqual(['events_lost']);
    const alive = ['beef:events_lost', 'f00d:events_lost', 'cafe:'];
    expect([...tracker.live()].map(({ sk, gaps }) => `${sk}:${[...gaps]}`)).toEqual(alive);
    expect(Array.from(tracker.views(), (seen) => `${seen.sk}:${[...seen.sock().gaps]}`)).toEqual(alive);
    const gaps = [...tracker.live()].map((sock) => tracker.current(sock)?.gaps.has('events_lost'));
    expect(gaps).toEqual([true, true, false]);
    tracker.end();
    const atEnd = ['beef:events_lost,capture_ended', 'f00d:events_lost,capture_ended', 'cafe:capture_ended'];
    expect([...tracker.live()].map((sock) => `${sock.sk}:${[...sock.gaps]}`)).toEqual(atEnd);
  });

  test('a loss is no walk over all that live: thousands with a full map take no time', () => {
    const socks = Array.from({ length: 20_000 }, (_, i) => announceLine({ at: i, sk: (i + 1).toString(16) }));
    const losses = decodeAll(Array.from({ length: 10_000 }, (_, i) => lostLine(ms(2) + i, 1)));
    const { tracker } = track().feed(...socks, tickLine(ms(1)));
    const before = performance.now();
    for (const loss of losses) tracker.apply(loss, false);
    // A walk for each takes some seconds.
    expect(performance.now() - before).toBeLessThan(500);
    expect(tracker.counters().lostEvents).toBe(10_000);
    const marked = [...tracker.live()].filter(({ gaps }) => gaps.has('events_lost'));
    expect(marked).toHaveLength(socks.length);
  });

  test('an event is no walk over all that linger: thousands of both take no time', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) =>
      announceLine({ at: i, sk: (i + 1).toString(16), flags: SOCK.LINGER, lingerTime: 250_000 + i }),
    );
    const { tracker } = track().feed(...lines);
    const ticks = decodeAll(Array.from({ length: 10_000 }, (_, i) => tickLine(sec(1) + i)));
    const before = performance.now();
    for (const tick of ticks) tracker.apply({ ...tick, kind: 'notice', text: '' }, false);
    // A walk for each takes some seconds.
    expect(performance.now() - before).toBeLessThan(500);
    expect(tracker.ledger().entries).toBe(0);
    for (const tick of decodeAll([tickLine(sec(1001))])) tracker.apply(tick, false);
    expect(tracker.ledger().entries).toBe(250);
  });

  test('a line out of order is counted and marks its path', () => {
    const displaced = track().feed(announceLine({ at: 0 }), tickLine(ms(50)));
    displaced.feedOutOfOrder(setStateLine({ at: ms(1), from: 'ESTABLISHED', to: 'FIN_WAIT1' }));
    expect(displaced.tracker.counters().outOfOrder).toBe(1);
    expect([...only(displaced.tracker.live()).gaps]).toEqual(['event_late']);
  });

  test('a transition out of order takes its place in time and leaves state and evidence to the newest', () => {
    const newest = setStateLine({ at: ms(20), from: 'FIN_WAIT1', to: 'FIN_WAIT2' });
    const { tracker, feedOutOfOrder } = track().feed(announceLine({ at: 0 }), newest);
    feedOutOfOrder(setStateLine({ at: ms(10), from: 'ESTABLISHED', to: 'FIN_WAIT1' }), retransmitLine({ at: ms(15) }));
    const sock = only(tracker.live());
    expect(sock.moves.map(({ at }) => at)).toEqual([ms(10), ms(20)]);
    expect(sock).toMatchObject({ state: 5, latest: newest, retransmits: 1 });
  });

  test('an announcement out of order of an earlier life at the address is a path of its own', () => {
    const { tracker, ended, feedOutOfOrder } = track().feed(readyAt(0), announceLine({ at: ms(20) }));
    feedOutOfOrder(announceLine({ at: ms(10), rport: 9 }));
    expect(only(tracker.live()).announcedAt).toBe(ms(20));
    expect(only(ended)).toMatchObject({ announcedAt: ms(10), closedAt: ms(10), entered: true, destroyedAt: null });
    expect([...only(ended).gaps]).toEqual(['event_late', 'destroy_missed']);
    expect(only(ended).generation).not.toBe(only(tracker.live()).generation);
    expect(tracker.ledger()).toMatchObject({ entries: 2, exits: 1, orphans: 1, inferred: 1 });
    expect(tracker.counters().unannounced).toBe(0);
  });

  test('it has the end that came before it, though the address lives again', () => {
    const { tracker, ended, feedOutOfOrder } = track().feed(
      readyAt(0),
      destroyLine({ at: ms(12), cookie: 5n, announcedAt: ms(10) }),
      announceLine({ at: ms(20) }),
    );
    feedOutOfOrder(announceLine({ at: ms(10), rport: 9 }));
    expect(only(ended)).toMatchObject({ announcedAt: ms(10), destroyedAt: ms(12), cookie: '5' });
    expect(only(ended).gaps.has('destroy_missed')).toBe(false);
    expect(only(tracker.live()).destroyedAt).toBeNull();
    expect(tracker.ledger()).toMatchObject({ entries: 2, exits: 1, orphans: 1, inferred: 0 });
    expect(tracker.counters().unannounced).toBe(0);
  });

  test('an announcement that came after its own repetition is no other life', () => {
    const again = announceLine({ at: ms(20), via: VIA.foundDead, state: 'FIN_WAIT1', flags: SOCK.DEAD });
    const { tracker, ended, feedOutOfOrder } = track().feed(readyAt(0), again);
    feedOutOfOrder(announceLine({ at: ms(10) }));
    expect(ended).toEqual([]);
    expect(tracker.dyingCount()).toBe(1);
    expect(tracker.counters().unannounced).toBe(1);
  });

  test('an announcement later than its destroy leaves no ghost behind', () => {
    const tracked = track().feed(readyAt(0), destroyLine({ at: ms(2), cookie: 5n }), tickLine(ms(40)));
    tracked.feedOutOfOrder(announceLine({ at: ms(1), via: VIA.destroy, state: 'CLOSE', flags: SOCK.DEAD }));
    tracked.feed(tickLine(ms(80)));
    expect(tracked.tracker.dyingCount()).toBe(0);
    expect([...tracked.tracker.live()]).toEqual([]);
    expect(tracked.tracker.ledger()).toMatchObject({ entries: 1, exits: 1, orphans: 0 });
    expect(only(tracked.ended)).toMatchObject({ destroyedAt: ms(2), cookie: '5' });
    expect([...only(tracked.ended).gaps]).toEqual(['event_late']);
  });

  test('an announcement out of order is not ended by a destroy before it', () => {
    const { tracker, feedOutOfOrder } = track().feed(readyAt(0), destroyLine({ at: ms(2) }), tickLine(ms(40)));
    feedOutOfOrder(announceLine({ at: ms(3) }));
    expect(only(tracker.live()).destroyedAt).toBeNull();
    expect(tracker.ledger()).toMatchObject({ entries: 1, exits: 0, orphans: 1 });
    expect(tracker.counters().unannounced).toBe(1);
  });

  test('a destroy whose announcement was lost does not end the next life at its address', () => {
    const { tracker } = track().feed(readyAt(0), destroyLine({ at: ms(2) }), announceLine({ at: ms(3) }));
    expect(tracker.dyingCount()).toBe(1);
    expect(only(tracker.live()).destroyedAt).toBeNull();
  });
});

describe('SO_LINGER', () => {
  const lingering = (change: object = {}) =>
    announceLine({
      at: 0,
      flags: SOCK.LINGER,
      lingerTime: 250,
      moves: [{ at: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }],
      ...change,
    });

  test('while close() waits, the sock is no orphan', () => {
    const { tracker } = track(250).feed(readyAt(0), lingering(), tickLine(ms(999)));
    expect(only(tracker.live())).toMatchObject({ lingering: true, orphanAt: null, entered: false });
    expect(tracker.ledger()).toMatchObject({ entries: 0, orphans: 0 });
    expect(tracker.dyingCount()).toBe(1);
  });

  test('when it runs out the orphan begins, inferred, at the linger time’s end', () => {
    const { tracker } = track(250).feed(readyAt(0), lingering(), tickLine(ms(1500)));
    expect(only(tracker.live())).toMatchObject({ lingering: false, orphanAt: sec(1), entered: true });
    expect([...only(tracker.live()).gaps]).toEqual(['linger_end_inferred']);
    expect(tracker.ledger()).toMatchObject({ entries: 1, orphans: 1, inferred: 1 });
  });

  test('an event that shows it dead ends the wait at that event', () => {
    const { tracker } = track(250).feed(
      readyAt(0),
      lingering(),
      setStateLine({ at: ms(300), from: 'FIN_WAIT1', to: 'FIN_WAIT2', flags: SOCK.DEAD | SOCK.LINGER }),
    );
    expect(only(tracker.live()).orphanAt).toBe(ms(300));
    expect(tracker.ledger()).toMatchObject({ entries: 1, orphans: 1 });
  });

  test('an event that shows it alive does not', () => {
    const { tracker } = track(250).feed(
      lingering(),
      setStateLine({ at: ms(300), from: 'FIN_WAIT1', to: 'CLOSING', flags: SOCK.LINGER }),
    );
    expect(only(tracker.live()).lingering).toBe(true);
  });

  test('an acknowledged FIN ends it, which is seen and not inferred', () => {
    const { tracker } = track(250).feed(
      readyAt(0),
      lingering(),
      setStateLine({ at: ms(300), from: 'FIN_WAIT1', to: 'FIN_WAIT2', flags: SOCK.LINGER }),
    );
    expect(only(tracker.live())).toMatchObject({ lingering: false, orphanAt: ms(300) });
    expect(only(tracker.live()).gaps.size).toBe(0);
    expect(tracker.ledger()).toMatchObject({ entries: 1, orphans: 1, inferred: 0 });
  });

  test('with an unknown tick rate only an event ends it', () => {
    const { tracker, feed } = track(null).feed(readyAt(0), lingering(), tickLine(sec(1000)));
    expect(only(tracker.live()).lingering).toBe(true);
    feed(
      setStateLine({ at: sec(1001), from: 'FIN_WAIT1', to: 'CLOSE', flags: SOCK.DEAD }),
      destroyLine({ at: sec(1001) }),
    );
    expect(tracker.ledger()).toMatchObject({ entries: 1, exits: 1, orphans: 0 });
  });

  test('destroyed while it waits: an entry and an exit, nothing inferred', () => {
    const { tracker, ended } = track(250).feed(
      readyAt(0),
      lingering(),
      setStateLine({ at: ms(100), from: 'FIN_WAIT1', to: 'CLOSE' }),
      destroyLine({ at: ms(100) + 5 }),
      tickLine(sec(3)),
    );
    expect(only(ended)).toMatchObject({ orphanAt: ms(100) + 5, destroyedAt: ms(100) + 5 });
    expect(tracker.ledger()).toMatchObject({ entries: 1, exits: 1, orphans: 0, inferred: 0 });
  });

  test('its destroy missed while it waits: still an entry for the exit', () => {
    const { tracker } = track(null).feed(readyAt(0), lingering(), announceLine({ at: sec(1), rport: 9 }));
    expect(tracker.ledger()).toMatchObject({ entries: 2, exits: 1, orphans: 1 });
  });

  test.each([
    ['of 0 s', { lingerTime: 0 }],
    ['of an exiting process', { taskFlags: PF_EXITING }],
    ['of a sock that is in CLOSE', { via: VIA.destroy, state: 'CLOSE' as const, moves: [] }],
  ])('%s does not wait', (_what, change) => {
    const { tracker } = track(250).feed(lingering(change));
    expect(only(tracker.live())).toMatchObject({ lingering: false, orphanAt: 0, entered: true });
  });
});

describe('the baseline: orphans there before the capture', () => {
  const foundDead = (change: object = {}) =>
    announceLine({ at: ms(20), via: VIA.foundDead, flags: SOCK.DEAD, own: false, state: 'FIN_WAIT1', ...change });

  test('are silent until an event shows one of them, which then is matched by its tuple', () => {
    const { tracker, feed } = track().feed(
      inventoriedLine(ms(9)),
      inventoriedLine(ms(9), { rport: 2 }),
      readyAt(ms(10)),
    );
    expect(tracker.silentCount()).toBe(2);
    expect(tracker.ledger().orphans).toBe(2);
    feed(foundDead());
    expect(tracker.silentCount()).toBe(1);
    expect([...tracker.silent()].map(({ rport }) => rport)).toEqual([2]);
    expect(only(tracker.live())).toMatchObject({ entered: true, orphanAt: null });
    expect([...only(tracker.live()).gaps]).toEqual(['older_than_capture']);
    expect(tracker.ledger()).toMatchObject({ entries: 0, orphans: 2, inferred: 0 });
  });

  test('leave the count when they are destroyed', () => {
    const { tracker } = track().feed(
      inventoriedLine(ms(9)),
      readyAt(ms(10)),
      foundDead(),
      setStateLine({ at: ms(30), from: 'FIN_WAIT1', to: 'CLOSE' }),
      destroyLine({ at: ms(31) }),
    );
    expect(tracker.ledger()).toMatchObject({ entries: 0, exits: 1, orphans: 0 });
    expect(tracker.silentCount()).toBe(0);
  });

  test('are told apart by namespace and by IPv6 address', () => {
    const { tracker } = track().feed(
      inventoriedLine(ms(9), { netns: 1 }),
      inventoriedLine(ms(9), { netns: 2 }),
      inventoriedLine(ms(9), { netns: 2, local: '2001:db8::1', peer: '2001:db8::2' }),
      readyAt(ms(10)),
      foundDead({ netns: 2, local: '2001:db8::1' }),
    );
    expect([...tracker.silent()].map(({ netns, family }) => [netns, family])).toEqual([
      [1, 'ipv4'],
      [2, 'ipv4'],
    ]);
  });

  test('one of a namespace nobody could read is one less unlocated', () => {
    const { tracker, feed } = track().feed(readyAt(ms(10)), sampleLine(ms(11), 3), tickLine(ms(200)));
    expect(tracker.ledger()).toMatchObject({ orphans: 3, unlocated: 3 });
    feed(foundDead({ at: ms(300) }));
    expect([...only(tracker.live()).gaps]).toEqual(['older_than_capture']);
    expect(tracker.ledger()).toMatchObject({ orphans: 3, unlocated: 2, entries: 0 });
  });

  test('one that nothing announces as baseline was closed unobserved: an inferred entry', () => {
    const { tracker } = track().feed(
      readyAt(ms(10)),
      sampleLine(ms(11), 0),
      tickLine(ms(200)),
      foundDead({ at: ms(300) }),
    );
    expect([...only(tracker.live()).gaps]).toEqual(['close_not_observed']);
    expect(tracker.ledger()).toMatchObject({ orphans: 1, entries: 1, inferred: 1 });
  });

  test('one first seen at its destroy is the orphan that the inventory listed', () => {
    const { tracker } = track().feed(
      inventoriedLine(ms(9)),
      readyAt(ms(10)),
      foundDead({ via: VIA.destroy, state: 'CLOSE' }),
      destroyLine({ at: ms(21) }),
    );
    expect(tracker.silentCount()).toBe(0);
    expect(tracker.ledger()).toMatchObject({ entries: 0, exits: 1, orphans: 0 });
  });
});

describe('while the inventory is taken', () => {
  const attached = 0;
  const end = (change: object = {}) => inventoryEndLine(ms(10), { attachedAt: attached, ...change });

  test('a close after attach that the inventory lists too counts once', () => {
    const { tracker } = track().feed(announceLine({ at: ms(5) }), inventoriedLine(ms(9)), end());
    expect(tracker.silentCount()).toBe(0);
    expect(tracker.ledger()).toMatchObject({ entries: 1, orphans: 1 });
  });

  test('one closed and destroyed in between, listed by the scan meanwhile, is gone', () => {
    const { tracker } = track().feed(
      announceLine({ at: ms(5) }),
      destroyLine({ at: ms(7) }),
      inventoriedLine(ms(9)),
      end(),
    );
    expect(tracker.silentCount()).toBe(0);
    expect(tracker.ledger()).toMatchObject({ entries: 1, exits: 1, orphans: 0 });
  });

  test('a baseline orphan that shows itself before its line counts once', () => {
    const { tracker } = track().feed(
      announceLine({ at: ms(5), via: VIA.foundDead, flags: SOCK.DEAD }),
      inventoriedLine(ms(9)),
      end(),
    );
    expect(tracker.ledger()).toMatchObject({ entries: 0, orphans: 1 });
    expect(tracker.silentCount()).toBe(0);
  });

  test('a baseline orphan that shows itself after its line and before the end counts once', () => {
    const { tracker } = track().feed(
      inventoriedLine(ms(8)),
      announceLine({ at: ms(9), via: VIA.foundDead, flags: SOCK.DEAD }),
      end(),
    );
    expect(tracker.ledger()).toMatchObject({ entries: 0, orphans: 1 });
    expect([...only(tracker.live()).gaps]).toEqual(['older_than_capture']);
    expect(tracker.silentCount()).toBe(0);
  });

  test('a baseline orphan destroyed between scan and end is gone', () => {
    const { tracker } = track().feed(
      announceLine({ at: ms(5), via: VIA.foundDead, flags: SOCK.DEAD }),
      destroyLine({ at: ms(6) }),
      inventoriedLine(ms(9)),
      end(),
    );
    expect(tracker.ledger()).toMatchObject({ entries: 0, exits: 1, orphans: 0 });
  });

  test('one closed during attach, and not listed, died before its destroy could be seen', () => {
    const { tracker, ended } = track().feed(announceLine({ at: -ms(5) }), end());
    expect([...only(ended).gaps]).toEqual(['attaching']);
    expect(tracker.dyingCount()).toBe(0);
    expect(tracker.ledger()).toMatchObject({ entries: 1, exits: 1, orphans: 0, inferred: 1 });
  });

  test('one closed during attach that is listed lives', () => {
    const { tracker, ended } = track().feed(announceLine({ at: -ms(5) }), inventoriedLine(ms(9)), end());
    expect(ended).toEqual([]);
    expect(tracker.ledger()).toMatchObject({ entries: 1, orphans: 1 });
  });

  test('one seen on its way to CLOSE during attach has gone, wherever it was', () => {
    const moves = [{ at: -ms(5), from: 'FIN_WAIT2', to: 'CLOSE' }] as const;
    const line = announceLine({ at: -ms(5), via: VIA.foundDead, flags: SOCK.DEAD, state: 'FIN_WAIT2', moves });
    const { tracker, ended } = track().feed(line, end({ unreadable: 1 }));
    expect([...only(ended).gaps]).toEqual(['older_than_capture', 'attaching']);
    expect(tracker.ledger()).toMatchObject({ entries: 0, exits: 1, orphans: 0, inferred: 1 });
  });

  test('where a namespace could not be read, absence from the list proves nothing', () => {
    const { tracker, ended } = track().feed(announceLine({ at: -ms(5) }), end({ unreadable: 1 }));
    expect(ended).toEqual([]);
    expect(tracker.dyingCount()).toBe(1);
  });

  test('one that is announced after the inventory had listed it counts once, and its close is known', () => {
    const closed = announceLine({ at: ms(30), deferred: { closedAt: ms(5) } });
    const { tracker, feed, ended } = track().feed(inventoriedLine(ms(9)), end(), closed);
    expect(tracker.silentCount()).toBe(0);
    expect(tracker.ledger()).toMatchObject({ entries: 0, orphans: 1 });
    feed(setStateLine({ at: ms(39), from: 'ESTABLISHED', to: 'CLOSE' }), destroyLine({ at: ms(40) }), tickLine(ms(60)));
    expect(only(ended)).toMatchObject({ orphanAt: ms(5), closedAt: ms(5) });
    expect(only(ended).gaps.size).toBe(0);
    expect(tracker.ledger()).toMatchObject({ entries: 0, exits: 1, orphans: 0 });
  });

  test('one that was closed after it is another', () => {
    const closed = announceLine({ at: ms(30), deferred: { closedAt: ms(15) } });
    const { tracker } = track().feed(inventoriedLine(ms(9)), end(), closed);
    expect(tracker.silentCount()).toBe(1);
    expect(tracker.ledger()).toMatchObject({ entries: 1, orphans: 2 });
  });

  test('a line of the inventory after its end changes nothing', () => {
    const { tracker } = track().feed(end(), inventoriedLine(ms(11)), inventoryEndLine(ms(12)));
    expect(tracker.silentCount()).toBe(0);
    expect(tracker.ledger().orphans).toBe(0);
  });
});

describe('a life whose destroy never comes', () => {
  const ready = [inventoryEndLine(0, { attachedAt: -1 }), sampleLine(ms(1), 0), tickLine(ms(50))];
  /** The kernel's count a second later, and an inventory that began after it. */
  const later = (orphans: number, ...listed: readonly string[]) => [
    sampleLine(sec(1), orphans),
    tickLine(sec(2)),
    ...listed,
    inventoryEndLine(sec(3), { attachedAt: sec(2) }),
  ];

  test('is over once no namespace lists it and the kernel counts one less', () => {
    const { tracker, ended } = track().feed(...ready, announceLine({ at: ms(60) }), tickLine(ms(200)), ...later(0));
    expect([...only(ended).gaps]).toEqual(['destroy_missed']);
    expect([tracker.dyingCount(), [...tracker.live()]]).toEqual([0, []]);
    expect(tracker.ledger()).toMatchObject({ entries: 1, exits: 1, orphans: 0, inferred: 1 });
  });

  test('goes on while a namespace lists it, or the kernel still counts it', () => {
    for (const lines of [later(0, inventoriedLine(sec(2.5))), later(1)]) {
      const { tracker, ended } = track().feed(...ready, announceLine({ at: ms(60) }), tickLine(ms(200)), ...lines);
      expect(ended).toEqual([]);
      expect(tracker.dyingCount()).toBe(1);
      expect([...only(tracker.live()).gaps]).toEqual([]);
    }
  });

  test('of more than the kernel is short by, all go on, and of none it is certain', () => {
    const lines = ['a', 'b', 'c'].map((sk, i) => announceLine({ at: ms(60 + i), sk, rport: 1000 + i }));
    const { tracker, ended } = track().feed(
      ...ready,
      ...lines,
      ...later(2, inventoriedLine(sec(2.5), { rport: 1000 })),
    );
    expect(ended).toEqual([]);
    expect([...tracker.live()].map(({ sk, gaps }) => [sk, [...gaps]])).toEqual([
      ['a', []],
      ['b', ['events_lost']],
      ['c', ['events_lost']],
    ]);
  });

  test('is over on a busy host too: what is under way there explains only a part of the drift', () => {
    const many = Array.from({ length: 5 }, (_, i) => announceLine({ at: ms(60 + i), sk: `${i + 1}`, rport: 1000 + i }));
    const busy = [tallyLine(ms(900), 100, { size: 14 }), ...later(0)];
    const { tracker, ended } = track().feed(...ready, ...many, tickLine(ms(200)), ...busy);
    expect(tracker.ledger()).toMatchObject({ drift: 5, inFlight: 4, orphans: 0, inferred: 5 });
    expect(ended.map(({ gaps }) => [...gaps])).toEqual(many.map(() => ['destroy_missed']));
    // A number that may be under way proves nothing.
    const few = track().feed(...ready, ...many.slice(0, 2), tickLine(ms(200)), ...busy);
    expect([few.ended, few.tracker.dyingCount()]).toEqual([[], 2]);
  });

  describe('though it came to CLOSE', () => {
    const moves = [{ at: ms(60), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }] as const;
    const closing = (at: number) => [
      announceLine({ at: ms(60), moves }),
      setStateLine({ at: ms(70), from: 'FIN_WAIT1', to: 'FIN_WAIT2' }),
      setStateLine({ at, from: 'FIN_WAIT2', to: 'CLOSE' }),
    ];

    test('is over five seconds later, whatever the kernel counts', () => {
      const { tracker, ended, feed } = track().feed(...ready, ...closing(ms(80)), tickLine(sec(5)));
      expect(ended).toEqual([]);
      feed(tickLine(sec(5.1)), tickLine(sec(6)), tickLine(sec(10.1)));
      expect(only(ended)).toMatchObject({ destroyedAt: null, state: TCP.CLOSE });
      expect([...only(ended).gaps]).toEqual(['destroy_missed']);
      expect(tracker.dyingCount()).toBe(0);
      expect(tracker.ledger()).toMatchObject({ entries: 1, exits: 1, inferred: 1 });
    });

    test('goes on while nothing else of bpftrace comes: its destroy may be on the way', () => {
      const { ended } = track().feed(...ready, ...closing(ms(80)), sampleLine(sec(20), 1));
      expect(ended).toEqual([]);
    });

    test('goes on where only a transition to CLOSE is old, and something was heard of it since', () => {
      const { ended } = track().feed(
        ...ready,
        ...closing(ms(80)),
        retransmitLine({ at: sec(9) }),
        tickLine(sec(10)),
        tickLine(sec(13)),
      );
      expect(ended).toEqual([]);
    });

    test('goes on while close() waits for SO_LINGER: the process has it still', () => {
      const { ended, tracker } = track(null).feed(
        ...ready,
        announceLine({ at: ms(60), moves, flags: SOCK.LINGER, lingerTime: 250 }),
        setStateLine({ at: ms(80), from: 'FIN_WAIT1', to: 'CLOSE', flags: SOCK.LINGER }),
        tickLine(sec(10)),
        tickLine(sec(20)),
      );
      expect(ended).toEqual([]);
      expect(only(tracker.live()).lingering).toBe(true);
    });

    test('in any other state goes on', () => {
      const { ended } = track().feed(...ready, ...closing(ms(80)).slice(0, 2), tickLine(sec(10)), tickLine(sec(60)));
      expect(ended).toEqual([]);
    });

    test('is told apart from those that were seen to be destroyed', () => {
      const { ended } = track().feed(...ready, ...closing(ms(80)), destroyLine({ at: ms(81) }), tickLine(sec(20)));
      expect(only(ended).destroyedAt).toBe(ms(81));
      expect([...only(ended).gaps]).toEqual([]);
    });
  });

  test('and is of the baseline, is dropped in the same way', () => {
    const { tracker, ended, feed } = track().feed(
      inventoriedLine(-2, { rport: 1 }),
      inventoriedLine(-1, { rport: 2 }),
      inventoryEndLine(0, { attachedAt: -3 }),
      sampleLine(ms(1), 2),
      tickLine(ms(50)),
    );
    expect(tracker.silentCount()).toBe(2);
    feed(...later(1, inventoriedLine(sec(2.5), { rport: 2 })));
    expect(ended).toEqual([]);
    expect([...tracker.silent()].map(({ rport }) => rport)).toEqual([2]);
    expect(tracker.ledger()).toMatchObject({ exits: 1, orphans: 1, inferred: 1 });
  });
});

describe('tallies', () => {
  test('are cumulative: each line adds what is new', () => {
    const { tracker } = track().feed(
      readyAt(0),
      tallyLine(ms(1), 5),
      tallyLine(ms(2), 5, { closedIn: 'CLOSE_WAIT' }),
      tallyLine(sec(1), 12),
    );
    expect(tracker.counters().tallied).toBe(17);
    expect(tracker.ledger()).toMatchObject({ entries: 17, exits: 17, orphans: 0 });
  });

  test('a smaller count than before, as a line out of order has, changes nothing', () => {
    const { tracker } = track().feed(readyAt(0), tallyLine(ms(1), 5), tallyLine(ms(2), 3), tallyLine(ms(3), 7));
    expect(tracker.counters().tallied).toBe(7);
    expect(tracker.ledger()).toMatchObject({ entries: 7, exits: 7 });
  });

  test('a count of any size is taken at once', () => {
    const { tracker } = track().feed(readyAt(0), tallyLine(ms(1), '99999999999999999999'));
    expect(tracker.ledger()).toMatchObject({ entries: 1e20, exits: 1e20, orphans: 0 });
  });

  test('twice as many as were dying on the average are in flight at a sample', () => {
    const { rows } = track().feed(
      readyAt(0),
      tallyLine(ms(1), 5),
      sampleLine(ms(5), 0),
      tallyLine(ms(900), 1005, { size: 13 }),
      tallyLine(ms(900), 100_000, { size: 0 }),
      sampleLine(ms(1005), 0),
      tickLine(sec(2)),
    );
    expect(rows).toMatchObject([
      { inFlight: 10, drift: 0 },
      { inFlight: 17, drift: 0 },
    ]);
  });

  test('those that the probes do not announce are in the ledger, and in no tally', () => {
    const { tracker, rows } = track().feed(
      readyAt(0),
      tallyLine(ms(1), 5, { via: VIA.muted_in }),
      tallyLine(ms(2), 2, { via: VIA.muted_out }),
      sampleLine(ms(5), 3),
      tickLine(ms(100)),
    );
    expect(rows).toMatchObject([{ entries: 5, exits: 2, orphans: 3, drift: 0, inFlight: 14 }]);
    expect([...tracker.tallies()]).toEqual([]);
    expect(tracker.counters().tallied).toBe(0);
  });

  test('of those that came while the host was at one of its limits it is told', () => {
    const memory = (pages: number) => ({ pages, low: 10, pressure: 20, high: 30 });
    const { tracker } = track().feed(
      readyAt(0),
      // Seven orphans, told by what a filter left out.
      tallyLine(ms(1), 7, { via: VIA.muted_in }),
      tallyLine(ms(2), 1, { err: 0, reset: 14 }),
      sampleLine(ms(5), 7, 8, memory(26)),
      tallyLine(ms(6), 3, { err: 0, reset: 14 }),
      sampleLine(ms(10), 7, 9, memory(27)),
      tallyLine(ms(11), 7, { err: 0, reset: 14 }),
      sampleLine(ms(15), 7, 8, memory(27)),
      tallyLine(ms(16), 15, { err: 0, reset: 14 }),
      tickLine(ms(100)),
    );
    // The first before anything was known of limits, the last eight near both.
    expect([...tracker.tallies()]).toMatchObject([{ count: 15, atOrphanLimit: 2, atMemoryLimit: 4 }]);
  });

  test('a correction is kept and counts nobody', () => {
    const { tracker } = track().feed(
      readyAt(0),
      tallyLine(ms(1), 5, { err: 104 }),
      tallyLine(ms(2), 2, { err: 104, marks: TALLY.answered }),
    );
    expect(tracker.counters().tallied).toBe(5);
    expect([...tracker.tallies()].map(({ marks, count }) => [marks, count])).toEqual([
      [0, 5],
      [TALLY.answered, 2],
    ]);
  });
});

test('before any event, now is the handshake', () => {
  const { tracker } = track();
  tracker.end();
  expect(tracker.now()).toBe(0);
  expect(tracker.ledger()).toMatchObject({ at: 0, entries: 0, exits: 0, orphans: null });
});

test('now is the newest time, negative before the handshake', () => {
  const { tracker, feed, feedOutOfOrder } = track().feed(tickLine(-ms(5)));
  expect(tracker.now()).toBe(-ms(5));
  feed(tickLine(ms(3)));
  feedOutOfOrder(tickLine(ms(1)));
  expect(tracker.now()).toBe(ms(3));
});

describe('a look at a dying sock', () => {
  const moves = [{ at: ms(1), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }] as const;
  const announced = announceLine({ at: ms(1), moves, cookie: 7n });
  const latestOf = (...lines: readonly string[]): string | null =>
    only(
      track()
        .feed(readyAt(0), announced, ...lines, tickLine(sec(9)))
        .tracker.live(),
    ).latest;

  test('is its newest evidence, and no event of it', () => {
    const { tracker, ended } = track().feed(
      readyAt(0),
      announced,
      lookLine({ at: sec(2), state: 'FIN_WAIT1', cookie: '7', wmemQueued: 4096 }),
      setStateLine({ at: sec(3), from: 'FIN_WAIT1', to: 'CLOSE', flags: SOCK.DEAD }),
      destroyLine({ at: sec(3), announcedAt: ms(1), lines: 2 }),
      tickLine(sec(4)),
    );
    expect([...only(ended).gaps]).toEqual([]);
    expect(tracker.counters()).toMatchObject({ unannounced: 0 });
  });

  test('counts where state and cookie are those of the sock', () => {
    const good = lookLine({ at: sec(2), state: 'FIN_WAIT1', cookie: '7' });
    expect(latestOf(good)).not.toBeNull();
    expect(latestOf(lookLine({ at: sec(2), state: 'FIN_WAIT1', cookie: '0' }))).not.toBeNull();
    expect(latestOf(lookLine({ at: sec(2), state: 'FIN_WAIT1', cookie: '8' }))).toBeNull();
    expect(latestOf(lookLine({ at: sec(2), state: 'CLOSE', cookie: '7' }))).toBeNull();
    expect(latestOf(lookLine({ at: sec(2), state: 'ESTABLISHED', cookie: '7' }))).toBeNull();
  });

  test('of one that has gone, or is not known, changes nothing', () => {
    const { tracker, ended } = track().feed(
      readyAt(0),
      lookLine({ at: ms(1), state: 'FIN_WAIT1' }),
      announced,
      destroyLine({ at: ms(2), announcedAt: ms(1), lines: 1 }),
      lookLine({ at: ms(3), state: 'FIN_WAIT1', cookie: '7' }),
      tickLine(sec(9)),
    );
    expect(only(ended).latest).toBeNull();
    expect(tracker.counters()).toMatchObject({ unannounced: 0 });
  });

  test('stays with a sock that is packed', () => {
    const { tracker } = track().feed(
      readyAt(0),
      announced,
      lookLine({ at: sec(2), state: 'FIN_WAIT1', cookie: '7', wmemQueued: 4096, pending: 3 }),
      ...Array.from({ length: 5 }, (_, i) => tickLine(sec(3 + i))),
    );
    expect(parseEvidence(only(tracker.live()).latest ?? '')).toMatchObject({ wmemQueued: 4096, pending: 3 });
  });

  describe('after a loss', () => {
    const retransmitted = retransmitLine({ at: ms(500) });
    const gapsAfter = (...lines: readonly string[]): readonly string[] => [
      ...only(
        track()
          .feed(readyAt(0), announced, retransmitted, lostLine(sec(1), 3), ...lines, tickLine(sec(9)))
          .tracker.live(),
      ).gaps,
    ];
    const looked = (told: number, at = sec(2)): string => lookLine({ at, state: 'FIN_WAIT1', cookie: '7', told });

    test('shows that no line of the sock was lost, where as many came as were printed', () => {
      expect(gapsAfter()).toEqual(['events_lost']);
      expect(gapsAfter(looked(2))).toEqual([]);
    });

    test('leaves the doubt where fewer came, or it does not say how many', () => {
      expect(gapsAfter(looked(3))).toEqual(['events_lost']);
      expect(gapsAfter(looked(1))).toEqual(['events_lost']);
      expect(gapsAfter(looked(0))).toEqual(['events_lost']);
    });

    test('says nothing of the next loss', () => {
      expect(gapsAfter(looked(2), lostLine(sec(3), 1))).toEqual(['events_lost']);
      expect(gapsAfter(looked(2), lostLine(sec(3), 1), looked(2, sec(4)))).toEqual([]);
    });

    test('clears a doubt that a line of the sock has kept', () => {
      expect(gapsAfter(retransmitLine({ at: sec(2) }))).toEqual(['events_lost']);
      expect(gapsAfter(retransmitLine({ at: sec(2) }), looked(3, sec(3)))).toEqual([]);
    });
  });
});
