import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import split2 from 'split2';
import { expect, test } from 'vitest';
import { type OpenStream, openStream } from '../../src/stream/open-stream.ts';
import { aMeta } from '../builders/meta.ts';
import {
  announceLine,
  destroyLine,
  helloLine,
  inventoryEndLine,
  ms,
  setStateLine,
  tickLine,
} from '../builders/wire-lines.ts';

/** Guards against a collapse: each bound is several times what was measured, so that no slow machine fails them. */

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

const heldBytes = (): number => {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

const newFold = (): OpenStream => {
  const fold: OpenStream = openStream(aMeta(), {
    onEnd: (sock) => fold.describe(sock),
    onLedger: () => {},
    onNotice: () => {},
  });
  fold.push(helloLine());
  fold.push(inventoryEndLine(0));
  return fold;
};

const skOf = (i: number): string => (0xffff888000000000n + BigInt(i) * 2368n).toString(16);
const moves = [{ at: 0, from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }] as const;

/** One socket's close, from its announcement to its destroy. */
const closeOf = (i: number): readonly string[] => {
  const [at, sk] = [i * 10_000, skOf(i % 4096)];
  return [
    announceLine({ at, sk, moves, rport: 1 + (i % 60_000) }),
    setStateLine({ at: at + 1000, sk, from: 'FIN_WAIT1', to: 'FIN_WAIT2' }),
    setStateLine({ at: at + 2000, sk, from: 'FIN_WAIT2', to: 'CLOSE', own: false }),
    destroyLine({ at: at + 3000, sk, state: 'CLOSE' }),
  ];
};

test('a live orphan takes no more than three times its 400 bytes', () => {
  const count = 30_000;
  const fold = newFold();
  const before = heldBytes();
  for (let i = 0; i < count; i++) {
    fold.push(announceLine({ at: i * 10_000, sk: skOf(i), moves, rport: 1 + (i % 60_000) }));
    fold.push(setStateLine({ at: i * 10_000 + 5000, sk: skOf(i), from: 'FIN_WAIT1', to: 'FIN_WAIT2', own: false }));
    if (i % 10_000 === 0) fold.push(tickLine(i * 10_000 + 6000));
  }
  fold.push(tickLine(count * 10_000 + ms(3000)));
  expect(fold.tracker.dyingCount()).toBe(count);
  expect((heldBytes() - before) / count).toBeLessThan(1200);
});

test('memory does not grow with the length of a stream', () => {
  const fold = newFold();
  const run = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      for (const line of closeOf(i)) fold.push(line);
      if (i % 10_000 === 0) fold.push(tickLine(i * 10_000 + 4000));
    }
  };
  run(0, 20_000);
  const before = heldBytes();
  run(20_000, 60_000);
  // 160,000 lines of some 200 bytes: a leak of a tenth of them is found.
  expect(heldBytes() - before).toBeLessThan(3_000_000);
});

test('the way from a line to a close path takes no more than 100 times what cutting lines takes', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => closeOf(i)).flat();
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  const cpuOf = async (work: () => Promise<void> | void): Promise<number> => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const ratios: number[] = [];
  for (let round = 0; round < 3; round++) {
    const cutting = await cpuOf(async () => {
      const stream = split2();
      let count = 0;
      stream.on('data', () => count++);
      for (let at = 0; at < bytes.length; at += 65_536) stream.write(bytes.subarray(at, at + 65_536));
      await new Promise<void>((resolve) => {
        stream.once('end', resolve);
        stream.end();
      });
      expect(count).toBe(lines.length);
    });
    const fold = newFold();
    const folding = await cpuOf(() => {
      for (const line of lines) fold.push(line);
      fold.end();
    });
    expect(fold.tracker.ledger().exits).toBe(20_000);
    ratios.push(folding / cutting);
  }
  expect(Math.min(...ratios)).toBeLessThan(100);
});
