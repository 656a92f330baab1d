import fc from 'fast-check';
import { expect, test } from 'vitest';
import { traceNs } from '../../src/kernel/units.ts';
import { createLingering } from '../../src/lifecycle/lingering.ts';
import type { Sock } from '../../src/lifecycle/sock.ts';
import { only, track } from '../builders/track.ts';
import { announceLine } from '../builders/wire-lines.ts';

const aSock = (): Sock => ({
  ...only(
    track()
      .feed(announceLine({ at: 0 }))
      .tracker.live(),
  ),
});
const socks = Array.from({ length: 200 }, aSock);

test('gives those that are due, earliest first, whatever was deleted between', () => {
  const step = fc.tuple(fc.nat({ max: socks.length - 1 }), fc.option(fc.nat({ max: 1000 })));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), fc.nat({ max: 1000 }), (steps, now) => {
      const lingering = createLingering();
      const model = new Map<Sock, number>();
      for (const [index, until] of steps) {
        const sock = socks[index] as Sock;
        if (until === null) {
          lingering.delete(sock);
          model.delete(sock);
        } else if (!model.has(sock)) {
          lingering.set(sock, traceNs(until));
          model.set(sock, until);
        }
      }
      const due: number[] = [];
      for (let sock = lingering.due(traceNs(now)); sock !== undefined; sock = lingering.due(traceNs(now))) {
        due.push(lingering.get(sock) ?? Number.NaN);
        lingering.delete(sock);
      }
      expect(due).toEqual([...model.values()].filter((until) => until <= now).toSorted((a, b) => a - b));
    }),
  );
});

test('one whose end is not known is never due', () => {
  const lingering = createLingering();
  const sock = aSock();
  lingering.set(sock, traceNs(Number.POSITIVE_INFINITY));
  expect(lingering.due(traceNs(Number.POSITIVE_INFINITY))).toBeUndefined();
  expect(lingering.get(sock)).toBe(Number.POSITIVE_INFINITY);
});
