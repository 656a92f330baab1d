import type { ClosePath } from '../../src/explain/close-path.ts';
import { describeSock } from '../../src/explain/describe.ts';
import { createWallClock } from '../../src/explain/wall-clock.ts';
import { aHello } from './meta.ts';
import { only, track } from './track.ts';
import { tickLine } from './wire-lines.ts';

/** Some of `enum sk_rst_reason`, with numbers of no particular kernel. */
export const REASONS = {
  TCP_RFC9293: 8,
  TCP_ABORT_ON_CLOSE: 11,
  TCP_ABORT_ON_LINGER: 12,
  TCP_ABORT_ON_MEMORY: 13,
  TCP_STATE: 14,
} as const;

const context = (reasons: Readonly<Record<string, number>>) => ({
  hello: aHello(),
  wallClock: createWallClock(aHello()).textOf,
  reasons: new Map(Object.entries(reasons).map(([name, value]) => [value, name])),
  ownNetns: null,
});

type On = { readonly reasons?: Readonly<Record<string, number>>; readonly until?: number };

/** The path that the only sock of these lines took; it has ended if they hold its destroy. */
export const pathOf = (lines: readonly string[], on: On = {}): ClosePath => only(pathsOf(lines, on));

/** The paths of all socks of these lines, those that ended first. */
export const pathsOf = (lines: readonly string[], on: On = {}): readonly ClosePath[] => {
  const { tracker, ended } = track().feed(...lines, ...(on.until === undefined ? [] : [tickLine(on.until)]));
  const now = tracker.now();
  const living = [...tracker.live()].filter((sock) => sock.destroyedAt === null);
  if (living.length === 0) tracker.end();
  return [...ended, ...living].map((sock) => describeSock(sock, now, context(on.reasons ?? REASONS)));
};
