import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ring } from '../../src/order/ring.ts';

test('what goes in comes out in its order, with its numbers, however many there are', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 900 })), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (given) => {
      const ring = new Ring<{ readonly id: number }>();
      const model: number[] = [];
      let next = 0;
      for (const [isIn, count] of given) {
        for (let i = 0; i < count; i++) {
          if (isIn) {
            model.push(next);
            ring.push({ id: next }, next * 0.5, -next);
            next++;
            continue;
          }
          const expected = model[0];
          if (expected !== undefined)
            expect([ring.first[ring.head], ring.second[ring.head]]).toEqual([expected * 0.5, -expected]);
          expect(ring.shift()?.id).toBe(model.shift());
        }
        expect(ring.size).toBe(model.length);
      }
    }),
    { numRuns: 30 },
  );
});
