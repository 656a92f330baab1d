import type { TcpState } from '../../src/kernel/tcp-state.ts';
import { type OpenStream, openStream } from '../../src/stream/open-stream.ts';
import { aMeta } from '../builders/meta.ts';
import { announceLine, helloLine, inventoriedLine, inventoryEndLine, ms, tickLine } from '../builders/wire-lines.ts';

export const skOf = (i: number): string => (0xffff888000000000n + BigInt(i) * 2368n).toString(16);

/** The memory of the `i`th sock: no two hold the same, and the order has nothing to do with the age. */
export const heldOf = (i: number): number => ((i * 7919) % 1_000_003) + 1;

const STATES: readonly TcpState[] = ['FIN_WAIT1', 'FIN_WAIT2', 'LAST_ACK', 'CLOSING'];

/** The announcement of the `i`th sock, at `i` ms. */
export const lineOf = (i: number): string =>
  announceLine({
    at: ms(i),
    sk: skOf(i),
    wmemQueued: heldOf(i),
    state: 'ESTABLISHED',
    moves: [{ at: ms(i), from: 'ESTABLISHED', to: STATES[i % 4] ?? 'FIN_WAIT1', own: true }],
    peer: `10.${i % 7}.0.2`,
    rport: 1024 + ((i * 31) % 60_000),
    comm: `comm${i % 5}`,
    pid: 100 + (i % 5),
  });

/** A stream with `count` orphans alive, and `silent` that only the inventory knows. */
export const manyOrphans = (
  count: number,
  silent = 0,
  on: Parameters<typeof openStream>[1] = { onEnd: () => {}, onLedger: () => {}, onNotice: () => {} },
): OpenStream => {
  const fold = openStream(aMeta(), on);
  fold.push(helloLine());
  for (let i = 0; i < silent; i++) fold.push(inventoriedLine(0, { peer: '10.9.0.2', rport: 2000 + i }));
  fold.push(inventoryEndLine(0));
  for (let i = 0; i < count; i++) fold.push(lineOf(i));
  fold.push(tickLine(ms(count + 2500)));
  return fold;
};
