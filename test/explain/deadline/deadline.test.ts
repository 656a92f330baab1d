import { describe, expect, it } from 'vitest';
import { type Deadline, deadlineOf, deadlineOfSilent, type Host } from '../../../src/explain/deadline/deadline.ts';
import { createKernelClock } from '../../../src/explain/deadline/kernel-clock.ts';
import { recordOf } from '../../../src/explain/evidence/record.ts';
import { VIA } from '../../../src/wire/event.ts';
import { HOLDER, SOCK } from '../../../src/wire/evidence.ts';
import { NO_PRESSURE, orphansOf, pagesOf } from '../../builders/deadline.ts';
import { aHello } from '../../builders/meta.ts';
import { only, track } from '../../builders/track.ts';
import {
  type AnnounceFields,
  announceLine,
  type EvidenceFields,
  lookLine,
  ms,
  retransmitLine,
  sec,
  setStateLine,
  tickLine,
} from '../../builders/wire-lines.ts';

/** Jiffies read 1000 at the handshake; monotonic ms 600000. rto 51 jiffies are 204 ms. */
const READING = { value: 1000, boot_ns: '1000000000123', monotonic_ns: '600000000123' };
const jiffies = (at: number): number => 1001 + at / 4e6;
const stamp = (at: number): number => 600_000 + at / 1e6;
const JIFFY_MS = 4;

const said = (lines: readonly string[], change: Partial<Host> = {}): Deadline => {
  const { tracker } = track().feed(...lines);
  const hello = aHello();
  const clock = createKernelClock({ hz: 250, jiffies: READING }, hello);
  const host = { hello, clock, now: tracker.now(), pressure: NO_PRESSURE, ...change };
  return deadlineOf(recordOf(only(tracker.live()), hello), host);
};

const closing = (change: AnnounceFields = {}): string =>
  announceLine({
    moves: [{ at: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }],
    finTimeout: 15_000,
    orphanRetries: 1,
    ...change,
  });

describe('from the close on', () => {
  it('a FIN with nothing in flight: a loss probe first, then the retransmission timer', () => {
    // 204 + 204 * 7.
    expect(said([closing()])).toMatchObject({
      kind: 'at',
      at: ms(1632),
      rule: 'retries',
      isExact: false,
      nextTimerAt: ms(204),
    });
  });

  it('a tick that falls just short of the limit is told beside it, until it is past', () => {
    // Ticks of the retransmission timer at 0.408, 0.816 and 1.632 s; one retry lasts 0.6 s from the first of them.
    const before = said([closing()]);
    expect(before).toMatchObject({ at: ms(1632), ifOverdueAt: ms(816) });
    expect(before.because.join('; ')).toMatch(
      /the tick in 816 ms falls \d+ ms short: if the timers are overdue by that much/,
    );
    const after = said([closing(), tickLine(ms(900))]);
    expect(after).toMatchObject({ at: ms(1632), ifOverdueAt: null });
    expect(after.because.join('; ')).not.toContain('short');
    expect(said([closing({ orphanRetries: 8 })])).toMatchObject({ ifOverdueAt: null });
  });

  it('a timer that runs already is where it starts', () => {
    const line = closing({
      pending: 1,
      packetsOut: 1,
      icskRetransmits: 2,
      retransStamp: stamp(-ms(408)),
      rto: 204,
      rtoTimer: jiffies(ms(400)),
    });
    expect(said([line])).toMatchObject({ kind: 'at', at: ms(400), isExact: true });
  });

  it('data in flight: the FIN that follows it has its loss probe two jiffies later', () => {
    const line = closing({ pending: 5, packetsOut: 1, rtoTimer: jiffies(ms(100)) });
    expect(said([line])).toMatchObject({ at: ms(2 * JIFFY_MS + 1428) });
  });

  it('a shut window: the probe timer counts', () => {
    const line = closing({ pending: 3, sndNxt: 4000, sndWnd: 0, rtoTimer: jiffies(ms(200)), orphanRetries: 2 });
    expect(said([line])).toMatchObject({ rule: 'window_probes', at: ms(200 + 408 + 816), ifAnsweredAt: null });
  });

  describe('this host itself drops what it sends', () => {
    const held = { pending: 3, sndNxt: 4000, sndWnd: 65_535, orphanRetries: 4 };

    it('probes: each 500 ms, without doubling', () => {
      const deadline = said([closing({ ...held, probesOut: 2, rtoTimer: jiffies(ms(300)) })]);
      // Two more attempts, then the tick that finds four.
      expect(deadline).toMatchObject({ kind: 'at', rule: 'window_probes', at: ms(300 + 2 * 500), ifAnsweredAt: null });
      const because = deadline.because.join('; ');
      expect(because).toContain('nothing was in flight though the window had room');
      expect(because).toContain('comes each 500 ms and does not double');
      expect(because).not.toContain('unanswered');
    });

    it('probes over a shut window: each 500 ms as well', () => {
      const line = closing({ ...held, sndWnd: 0, probesOut: 2, rtoTimer: jiffies(ms(300)) });
      const deadline = said([line]);
      expect(deadline).toMatchObject({ kind: 'at', at: ms(300 + 2 * 500) });
      expect(deadline.because.join('; ')).toContain('the window was shut');
    });

    it('an open window before the first attempt: pacing or a failure, so only the earliest end is told', () => {
      const deadline = said([closing({ ...held, rtoTimer: jiffies(ms(200)) })]);
      expect(deadline.kind).toBe('undecided');
      expect(deadline.because.join('; ')).toMatch(/SO_MAX_PACING_RATE.* gives up in 2\.2 s: no sooner/);
    });

    it('attempts that failed for want of a route double the timer', () => {
      const line = closing({ ...held, probesOut: 2, backoff: 2, rtoTimer: jiffies(ms(800)) });
      expect(said([line])).toMatchObject({ kind: 'at', at: ms(800 + 1632 + 3264) });
    });

    it('some sent and some dropped: not known, unless the timer is set for longer', () => {
      const mixed = { ...held, sndWnd: 0, backoff: 1, probesOut: 2 };
      expect(said([closing({ ...mixed, rtoTimer: jiffies(ms(400)) })]).kind).toBe('undecided');
    });

    const looked = (change: EvidenceFields): string =>
      lookLine({
        at: sec(2),
        state: 'FIN_WAIT1',
        pending: 1,
        packetsOut: 1,
        icskRetransmits: 4,
        retransStamp: stamp(0),
        rtoTimer: jiffies(ms(2200)),
        ...change,
      });

    it('retransmissions: each 500 ms, without doubling, where none was traced', () => {
      const deadline = said([closing({ orphanRetries: 3 }), looked({})]);
      // Three retries last 3 s from the first transmission on: ticks at 2.2, 2.7 and 3.2 s.
      expect(deadline).toMatchObject({ kind: 'at', rule: 'retries', at: ms(3200), nextTimerAt: ms(2200) });
      expect(deadline.because.join('; ')).toContain('if this host goes on dropping what it sends');
    });

    it('retransmissions that were traced left this host, and the timer doubles', () => {
      const sent = [1, 2, 3, 4].map((n) => retransmitLine({ at: ms(100 * n), pending: 5, packetsOut: 1 }));
      const deadline = said([closing({ orphanRetries: 3 }), ...sent, looked({})]);
      expect(deadline).toMatchObject({ kind: 'at', at: ms(2200 + 408 + 816) });
    });
  });

  it('answered probes: when it ends while they are, and when it does once they are not', () => {
    const line = closing({
      pending: 3,
      backoff: 2,
      sndNxt: 4000,
      sndWnd: 0,
      rtoTimer: jiffies(ms(800)),
      orphanRetries: 1,
    });
    const deadline = said([line]);
    expect(deadline).toMatchObject({ rule: 'window_probes', at: ms(800 + 1632), isExact: false });
    if (deadline.kind === 'at') expect(deadline.ifAnsweredAt).toBeGreaterThan(sec(300));
    expect(deadline.because.join('; ')).toContain('when last observed, 0 ms ago, the peer had answered window probes');
  });

  it('answered probes: once a silent peer’s end is past, the next tick is the earliest, reckoned from now', () => {
    const line = closing({
      pending: 3,
      backoff: 2,
      sndNxt: 4000,
      sndWnd: 0,
      rtoTimer: jiffies(ms(800)),
      orphanRetries: 1,
    });
    // Ticks at 0.8, 2.432, 5.696, 12.224, 25.28 s; silent it would have ended at the second.
    const deadline = said([line, tickLine(sec(10))]);
    expect(deadline).toMatchObject({ kind: 'at', at: ms(12_224), nextTimerAt: ms(12_224) });
    const because = deadline.because.join('; ');
    expect(because).toContain('the next tick, in 2.2 s, is the earliest that may end it');
    expect(because).toContain('since it was last observed, 10 s ago');
    if (deadline.kind === 'at') expect(deadline.ifAnsweredAt).toBeGreaterThan(sec(300));
    const before = said([line, tickLine(sec(1))]);
    expect(before.because.join('; ')).toContain('if it has answered none since, the end comes in 1.4 s');
  });

  it('answered probes with a small tcp_retries2 never end, which says so', () => {
    const line = closing({
      pending: 3,
      backoff: 2,
      sndNxt: 4000,
      sndWnd: 0,
      rtoTimer: jiffies(ms(800)),
      orphanRetries: 0,
      retries2: 8,
    });
    const deadline = said([line]);
    expect(deadline.kind).toBe('never');
    expect(deadline.because.join(' ')).toContain('backoff stops at tcp_retries2, 8');
  });

  it('TCP_USER_TIMEOUT in place of the retries', () => {
    expect(said([closing({ userTimeoutMs: 5000 })])).toMatchObject({ rule: 'user_timeout', at: ms(204 + 204 + 5000) });
  });

  it('too many orphans: the next tick of the retransmission timer', () => {
    expect(said([closing()], { pressure: orphansOf(17_000, 16_384) })).toMatchObject({
      rule: 'orphan_limit',
      at: ms(408),
    });
  });

  it('too much memory: the next tick, and the sentence has the figures', () => {
    const deadline = said([closing({ wmemQueued: 65_536 })], { pressure: pagesOf(200_000, 190_000) });
    expect(deadline).toMatchObject({ rule: 'out_of_memory', at: ms(408) });
    expect(deadline.because.join(' ')).toContain(
      'TCP has 200000 pages, more than the third of tcp_mem, 190000, and it has 65536 B queued',
    );
  });

  it('while close() lingers tcp_retries2 holds, and the sentence says so', () => {
    const deadline = said([closing({ flags: SOCK.LINGER, lingerTime: 2 * 250 })]);
    expect(deadline).toMatchObject({ at: ms(204 + 204 * 15) });
    expect(deadline.because.join(' ')).toContain('close() waits for SO_LINGER first, 2 s');
  });

  it('while it lingers, the limit is said to be that of tcp_retries2', () => {
    const lingering = (change: AnnounceFields): string =>
      said([closing({ flags: SOCK.LINGER, lingerTime: 60 * 250, orphanRetries: 0, ...change })]).because.join('; ');
    const because = lingering({ retries2: 5 });
    expect(because).toContain('(tcp_retries2 5)');
    expect(because).not.toContain('tcp_orphan_retries');
    expect(lingering({ userTimeoutMs: 5000 })).toContain('in place of tcp_retries2');
    const shut = { pending: 3, sndNxt: 4000, sndWnd: 0, rtoTimer: jiffies(ms(200)), retries2: 2 };
    expect(lingering(shut)).toContain('after 2 unanswered probes (tcp_retries2 2)');
  });

  it('a hook announces it in ESTABLISHED, before its state changes', () => {
    expect(said([announceLine({ via: VIA.hook, orphanRetries: 1 })])).toMatchObject({ at: ms(1632) });
  });
});

describe('from a retransmission on', () => {
  it('inside the first tick: rto is about to double and the stamp to be taken', () => {
    const line = retransmitLine({ at: ms(400), state: 'FIN_WAIT1', packetsOut: 1, icskRetransmits: 1, rto: 51 });
    expect(said([closing(), line])).toMatchObject({ at: ms(400 + 408 + 816), isExact: true, nextTimerAt: ms(808) });
  });

  it('inside a later one: the stamp is that of the first', () => {
    const line = retransmitLine({
      at: ms(808),
      state: 'FIN_WAIT1',
      packetsOut: 1,
      icskRetransmits: 2,
      rto: 102,
      retransStamp: stamp(ms(400)),
    });
    expect(said([closing(), line])).toMatchObject({ at: ms(808 + 816), isExact: true });
  });

  it('a stamp that cannot be read is reckoned back by halves', () => {
    const clock = createKernelClock({ hz: 250, jiffies: null }, aHello());
    const line = retransmitLine({
      at: ms(1624),
      state: 'FIN_WAIT1',
      packetsOut: 1,
      icskRetransmits: 3,
      rto: 204,
      retransStamp: 7,
    });
    // The first was at 1624 - 816 - 408.
    expect(said([closing({ orphanRetries: 2, userTimeoutMs: 2000 }), line], { clock })).toMatchObject({
      at: ms(400 + 2000),
      isExact: false,
    });
  });

  it('TCP_USER_TIMEOUT shortens the wait that would go beyond it', () => {
    const line = retransmitLine({
      at: ms(808),
      state: 'FIN_WAIT1',
      packetsOut: 1,
      icskRetransmits: 2,
      rto: 102,
      retransStamp: stamp(ms(400)),
    });
    expect(said([closing({ userTimeoutMs: 1000 }), line])).toMatchObject({ at: ms(1400), nextTimerAt: ms(1400) });
  });

  it('a loss probe sets the retransmission timer anew', () => {
    const line = retransmitLine({ at: ms(210), state: 'FIN_WAIT1', packetsOut: 1, pending: 5, rto: 51 });
    expect(said([closing(), line])).toMatchObject({ at: ms(210 + 1428), isExact: true });
  });

  it('a baseline orphan is told by its first', () => {
    const line = announceLine({
      via: VIA.foundDead,
      state: 'LAST_ACK',
      flags: SOCK.DEAD,
      own: false,
      packetsOut: 1,
      icskRetransmits: 3,
      rto: 204,
      retransStamp: stamp(-ms(1224)),
      orphanRetries: 2,
    });
    expect(said([line])).toMatchObject({ at: ms(1632), rule: 'retries' });
    expect(deadlineOfSilent().kind).toBe('undecided');
  });
});

describe('under ICMP unreachable', () => {
  /** The stamp of the first retransmission is good to 2 ms. */
  const END = ms(408 + 102_200 - 2);
  /** Retransmission `n` at 60 s of a sock whose first was at 408 ms. */
  const at60 = (n: number, backoff: number, change: EvidenceFields = {}): string =>
    retransmitLine({
      at: sec(60),
      state: 'FIN_WAIT1',
      packetsOut: 1,
      icskRetransmits: n,
      backoff,
      errSoft: 113,
      rto: 51,
      retransStamp: stamp(ms(408)),
      ...change,
    });
  const eight = { orphanRetries: 0 };

  it('each message undoes a doubling: it ends at the first tick beyond the limit, not one of a doubling timer', () => {
    const deadline = said([closing(eight), at60(240, 0)]);
    expect(deadline).toMatchObject({ at: END, nextTimerAt: ms(60_204), rule: 'retries', ifOverdueAt: null });
    if (deadline.kind === 'at') {
      expect(deadline.expectedAt).toBeGreaterThanOrEqual(END);
      expect(deadline.expectedAt).toBeLessThan(END + ms(250));
    }
    const because = deadline.because.join('; ');
    expect(because).toContain('ICMP says unreachable (errno 113)');
    expect(because).toContain('from 102.2 s after the first retransmission on (tcp_orphan_retries 0, taken as 8)');
    // 0.408 * (2 ** 7 - 1).
    expect(because).toContain('if no such message comes any more, in 51.8 s');
    const silent = said([closing(eight), at60(240, 0, { errSoft: 0 })]);
    expect(silent).toMatchObject({ nextTimerAt: ms(60_408), at: ms(60_000 + 408 * 127) });
  });

  it('one that has undone nothing so far: not before the limit, and about when the doubling timer ends', () => {
    const deadline = said([closing(eight), at60(8, 7, { rto: 51 * 128 })]);
    expect(deadline).toMatchObject({ at: END, nextTimerAt: ms(60_000 + 204 * 256) });
    if (deadline.kind === 'at') expect(deadline.expectedAt).toBeGreaterThan(sec(111));
    expect(deadline.because.join('; ')).toContain('and then it may end in 42.6 s');
  });

  it('where the timer stopped ticking so often, it has doubled after all', () => {
    const deadline = said([closing(eight), at60(240, 0), tickLine(sec(61))]);
    expect(deadline).toMatchObject({ at: END, nextTimerAt: ms(61_224) });
    if (deadline.kind === 'at') expect(deadline.expectedAt).toBeGreaterThan(sec(111));
  });

  it('beyond the limit any instant may be the last', () => {
    const overdue = at60(240, 0, { retransStamp: stamp(-sec(50)) });
    expect(said([closing(eight), overdue, tickLine(ms(60_100))])).toMatchObject({
      at: ms(60_100),
      nextTimerAt: ms(60_204),
    });
  });

  it('of IPv6 only no route does that, and TCP_USER_TIMEOUT ends it all the same', () => {
    const v6 = { ...eight, local: '2001:db8::1', peer: '2001:db8::2' };
    const plain = ms(60_000 + 408 * 127);
    expect(said([closing(v6), at60(240, 0, { errSoft: 113 })])).toMatchObject({ at: plain });
    expect(said([closing(v6), at60(240, 0, { errSoft: 101 })])).toMatchObject({ at: END });
    expect(said([closing(eight), at60(240, 0, { errSoft: 111 })])).toMatchObject({ at: plain });
    expect(said([closing({ ...eight, userTimeoutMs: 70_000 }), at60(240, 0)])).toMatchObject({ at: ms(70_408) });
  });

  it('too many orphans end it at its next tick, which comes no later', () => {
    const pressure = orphansOf(17_000, 16_384);
    expect(said([closing(eight), at60(240, 0)], { pressure })).toMatchObject({ rule: 'orphan_limit', at: ms(60_204) });
  });
});

describe('in FIN_WAIT2', () => {
  const entered = setStateLine({ at: ms(1), from: 'FIN_WAIT1', to: 'FIN_WAIT2' });

  it('up to 60 s of tcp_fin_timeout it ends at once', () => {
    expect(said([closing(), entered])).toMatchObject({ rule: 'fin_wait2_timewait', at: ms(1) });
  });

  it('beyond, it stays for what is beyond, from when it came there', () => {
    const deadline = said([closing({ finTimeout: 90 * 250 }), entered, tickLine(sec(10))]);
    expect(deadline).toMatchObject({ rule: 'fin_wait2_timewait', at: ms(30_001) });
    expect(deadline.because.join('; ')).toContain('it becomes a minisock in 20 s, for 30 s more');
  });

  it('TCP_LINGER2 counts from the close where that came later', () => {
    const line = announceLine({
      at: sec(5),
      via: VIA.repeated,
      state: 'FIN_WAIT2',
      linger2: 61 * 250,
      moves: [
        { at: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true },
        { at: ms(1), from: 'FIN_WAIT1', to: 'FIN_WAIT2' },
        { at: sec(5), from: 'FIN_WAIT2', to: 'FIN_WAIT2', own: true },
      ],
    });
    expect(said([line])).toMatchObject({ rule: 'fin_wait2_timewait', at: sec(6) });
  });
});

describe('what cannot be told', () => {
  it('without HZ', () => {
    expect(said([closing()], { clock: null }).kind).toBe('undecided');
  });

  it('when it has lived beyond what its timers allowed', () => {
    const deadline = said([closing(), tickLine(sec(10))]);
    expect(deadline.kind).toBe('undecided');
    expect(deadline.because[0]).toContain('something has set them anew, or its end was missed');
  });

  it("whether a kernel socket's timers run, until one is due; then it never ends", () => {
    const kernels = closing({ holder: HOLDER.kernel });
    expect(said([kernels]).kind).toBe('undecided');
    expect(said([kernels, tickLine(sec(2))]).kind).toBe('never');
    const line = retransmitLine({ at: ms(400), state: 'FIN_WAIT1', packetsOut: 1, icskRetransmits: 1, rto: 51 });
    expect(said([kernels, line]).kind).toBe('at');
  });
});
