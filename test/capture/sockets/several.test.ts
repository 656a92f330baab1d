import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { severalAtOnce } from '../../../src/capture/sockets/several.ts';

const ITEMS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

test('the results come in the order of the items, and no more than four are under way', async () => {
  let running = 0;
  let most = 0;
  const results = await severalAtOnce(ITEMS, async (item) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < 10 - item; turn++) await setImmediate();
    running--;
    return item * 2;
  });
  expect(results).toEqual(ITEMS.map((item) => item * 2));
  expect(most).toBe(4);
});

test('once aborted, nothing more is begun', async () => {
  const end = new AbortController();
  const begun: number[] = [];
  await severalAtOnce(
    ITEMS,
    async (item) => {
      begun.push(item);
      if (item === 5) end.abort();
      await setImmediate();
    },
    end.signal,
  );
  expect(begun.length).toBeLessThan(9);
});
