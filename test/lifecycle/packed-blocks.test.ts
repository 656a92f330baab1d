import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PackedBlocks } from '../../src/lifecycle/packed-blocks.ts';

test('no block lies in another, whatever was taken and freed before', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.boolean(), fc.nat()), {
    maxLength: 400,
    size: 'max',
  });
  fc.assert(
    fc.property(steps, (given) => {
      const blocks = new PackedBlocks();
      const held: { readonly block: number; readonly words: number; readonly mark: number }[] = [];
      for (const [mark, [words, isFreed, which]] of given.entries()) {
        if (isFreed && held.length > 0) {
          const [gone] = held.splice(which % held.length, 1);
          if (gone !== undefined) blocks.free(gone.block, gone.words);
          continue;
        }
        const block = blocks.take(words);
        const place = blocks.place(block);
        expect(place.at % 2).toBe(0);
        place.words.fill(mark, place.at, place.at + words);
        held.push({ block, words, mark });
      }
      for (const { block, words, mark } of held) {
        const place = blocks.place(block);
        expect(place.words.subarray(place.at, place.at + words).every((word) => word === mark)).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

test('a freed block is used again: a million that come and go take one chunk', () => {
  const blocks = new PackedBlocks();
  const chunks = new Set<Uint32Array>();
  for (let i = 0; i < 1_000_000; i++) {
    const words = 50 + (i % 30);
    const block = blocks.take(words);
    chunks.add(blocks.place(block).words);
    blocks.free(block, words);
  }
  expect(chunks.size).toBe(1);
});
