import { expect, test } from 'vitest';
import { skAddr } from '../../src/kernel/units.ts';
import { createGenerations } from '../../src/lifecycle/generations.ts';

const a = skAddr('ffff888100000001');
const b = skAddr('ffff888100000002');

test('the lives at one address are numbered from 1, each address for itself', () => {
  const generations = createGenerations();
  expect([generations.next(a), generations.next(b), generations.next(a), generations.next(a)]).toEqual([1, 1, 2, 3]);
});

test('an address in use is not forgotten when others come and go', () => {
  const generations = createGenerations(4);
  for (let i = 0; i < 100; i++) {
    expect(generations.next(a)).toBe(i + 1);
    generations.next(skAddr(`ffff8882${i.toString(16).padStart(8, '0')}`));
  }
});

test('an address out of use for very long starts again at 1', () => {
  const generations = createGenerations(4);
  generations.next(a);
  for (let i = 0; i < 12; i++) generations.next(skAddr(`ffff8882${i.toString(16).padStart(8, '0')}`));
  expect(generations.next(a)).toBe(1);
});

test('thousands of addresses, in slabs as the kernel gives them out, are each counted for itself', () => {
  const generations = createGenerations();
  const addresses = Array.from({ length: 5000 }, (_, i) =>
    skAddr((0xffff888100000000n + BigInt(i) * 2368n).toString(16)),
  );
  for (const life of [1, 2, 3]) expect(new Set(addresses.map(generations.next))).toEqual(new Set([life]));
});
