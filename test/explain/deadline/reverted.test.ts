import fc from 'fast-check';
import { expect, test } from 'vitest';
import { revertedEnd } from '../../../src/explain/deadline/reverted.ts';
import { modelTimeoutMs, retriesOfOrphan } from '../../../src/explain/kernel/retries.ts';
import { aDying, mustReap, NO_DELAY } from '../../builders/deadline.ts';

/** Ticks as the kernel has them: after each the timeout doubles, unless a message undoes that. */
const endOf = (orphanRetries: number, rtoMaxMs: number, isUndone: () => boolean): number => {
  let at = 204;
  let rto = 204;
  for (let tick = 0; ; tick++) {
    const retries = retriesOfOrphan(orphanRetries, rto < rtoMaxMs, true);
    if (tick > 0 && at - 204 >= modelTimeoutMs(retries, rtoMaxMs)) return at;
    if (!isUndone()) rto = Math.min(rto * 2, rtoMaxMs);
    at += rto;
  }
};
const reverted = (orphanRetries: number, rtoMaxMs = 120_000) => {
  const dying = aDying({ orphanRetries, rtoMaxMs, errSoft: true });
  return revertedEnd(dying, mustReap(dying), NO_DELAY);
};

test('no message undone or not ends it before its earliest time', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10 }),
      fc.constantFrom(1000, 5000, 120_000),
      fc.infiniteStream(fc.boolean()),
      (retries, rtoMaxMs, undone) => {
        const end = endOf(retries, rtoMaxMs, () => undone.next().value === true);
        expect(end).toBeGreaterThanOrEqual(reverted(retries, rtoMaxMs).earliestNs / 1e6);
      },
    ),
  );
});

test('with every doubling undone it ends at the expected tick', () => {
  for (let retries = 1; retries <= 8; retries++) {
    expect(reverted(retries).expectedNs / 1e6).toBeCloseTo(
      endOf(retries, 120_000, () => true),
      3,
    );
  }
});

test('while close() waits for SO_LINGER it is tcp_retries2 whose limit counts', () => {
  const dying = aDying({ orphanRetries: 1, retries2: 5, errSoft: true });
  const held = { ...dying, orphanAtNs: 60e9 };
  expect(revertedEnd(held, mustReap(held), NO_DELAY)).toMatchObject({ sysctl: 'tcp_retries2', earliestNs: 12_804e6 });
  const soon = { ...dying, orphanAtNs: 2e9 };
  expect(revertedEnd(soon, mustReap(soon), NO_DELAY)).toMatchObject({ sysctl: 'tcp_orphan_retries', earliestNs: 2e9 });
});
