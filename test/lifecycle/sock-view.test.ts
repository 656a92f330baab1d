import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SockView, viewOf } from '../../src/lifecycle/sock-view.ts';
import { heldBytes, parseEvidence } from '../../src/wire/evidence.ts';
import { track } from '../builders/track.ts';
import { announceLine, destroyLine, ms, retransmitLine, setStateLine, tickLine } from '../builders/wire-lines.ts';

const seenOf = ({ sk, generation, isDestroyed, via, closedAt, state, retransmits, heldBytes: held }: SockView) => ({
  sk,
  generation,
  isDestroyed,
  via,
  closedAt,
  state,
  retransmits,
  held,
});

const word = fc.integer({ min: 0, max: 0xffffffff });
const signed = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const memory = fc.record({
  wmemQueued: fc.oneof(fc.constant(0), word),
  rmemAlloc: fc.oneof(fc.constant(0), word),
  forwardAlloc: fc.oneof(fc.constant(0), signed),
});

test('a view tells of a packed sock what a copy of it does, and of one that is an object what it is', () => {
  fc.assert(
    fc.property(memory, memory, fc.boolean(), fc.boolean(), (atClose, later, isHeardOf, isPacked) => {
      const { tracker, feed } = track().feed(
        announceLine({ at: 0, sk: 'a', ...atClose }),
        announceLine({ at: 1, sk: 'b' }),
      );
      if (isHeardOf) feed(setStateLine({ at: 2, sk: 'a', from: 'FIN_WAIT1', to: 'FIN_WAIT2', ...later }));
      if (isHeardOf) feed(retransmitLine({ at: 3, sk: 'a', ...later }));
      if (isPacked) feed(tickLine(ms(100)));
      const seen = Array.from(tracker.views(), seenOf);
      const [first] = tracker.views();
      expect(first?.sock().sk).toBe('a');
      expect([...tracker.live()].map((sock) => seenOf(viewOf(sock)))).toEqual(seen);
      const sock = [...tracker.live()][0];
      expect(seen[0]?.held).toBe(heldBytes(parseEvidence(sock?.latest ?? sock?.announce.line ?? '')));
      expect(seen[0]?.held).toBe(heldBytes(isHeardOf ? later : atClose));
      expect(seen[0]?.retransmits).toBe(isHeardOf ? 1 : 0);
    }),
  );
});

test('one that is destroyed says so until it is finished', () => {
  const { tracker } = track().feed(announceLine({ at: 0 }), destroyLine({ at: ms(1) }));
  expect(Array.from(tracker.views(), (view) => view.isDestroyed)).toEqual([true]);
});
