import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { linesOf, livesOf } from '../../bench/lives.ts';
import { orphanLines } from '../../bench/orphans.ts';
import { TCP } from '../../src/kernel/tcp-state.ts';
import { openStream } from '../../src/stream/open-stream.ts';
import { WIRE_VERSION } from '../../src/wire/schema.ts';
import { aMeta } from '../builders/meta.ts';

test('orphans made of real announcements are deferred announcements, each its own, and stay', () => {
  const lives = livesOf(linesOf(readFileSync(new URL('../../docs/demo.fwr', import.meta.url))), 2e9);
  const fold = openStream(aMeta(), { onEnd: () => {}, onLedger: () => {}, onNotice: () => {} });
  fold.push(`H ${WIRE_VERSION} tracepoint 1000000000000 1795236568.703725`);
  fold.push('e 1000000000000 0 1 0');
  for (const line of orphanLines(lives, 3000)) fold.push(line);
  expect(fold.tracker.counters()).toMatchObject({ malformed: 0, outOfOrder: 0, unannounced: 0 });
  const socks = [...fold.tracker.live()];
  expect(socks.length).toBe(3000);
  expect(new Set(socks.map(({ sk }) => sk)).size).toBe(3000);
  expect(new Set(socks.map(({ closedAt, announcedAt }) => announcedAt - closedAt))).toEqual(new Set([12_000_000]));
  expect(new Set(socks.map(({ state }) => state))).toEqual(new Set([TCP.FIN_WAIT1, TCP.LAST_ACK]));
  const paths = socks.flatMap((sock) => fold.describe(sock) ?? []);
  expect(
    new Set(paths.map(({ laddr, lport, raddr, rport }) => [laddr, lport, raddr, rport].join())).size,
  ).toBeGreaterThan(2500);
  expect(paths.every(({ ended_by, orphan_us }) => ended_by === null && orphan_us !== null)).toBe(true);
});
