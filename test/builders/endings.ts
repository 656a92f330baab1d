import type { ClosePath } from '../../src/explain/close-path.ts';
import type { TcpState } from '../../src/kernel/tcp-state.ts';
import { VIA } from '../../src/wire/event.ts';
import { HOLDER, SOCK } from '../../src/wire/evidence.ts';
import { pathOf, REASONS } from './explain.ts';
import {
  type AnnounceFields,
  announceLine,
  destroyLine,
  type EvidenceFields,
  inventoryEndLine,
  ms,
  type PastMove,
  resetLine,
  sampleLine,
  setStateLine,
  tickLine,
  us,
} from './wire-lines.ts';

/** Closed at 0 by a task, in ESTABLISHED unless said otherwise, as the tracepoint backend sees it. */
export const closed = (
  change: AnnounceFields = {},
  from: TcpState = 'ESTABLISHED',
  to: TcpState = 'FIN_WAIT1',
): string => announceLine({ at: 0, state: from, moves: [{ at: 0, from, to, own: true }], ...change });
export const step = (at: number, from: TcpState, to: TcpState, change: EvidenceFields = {}): string =>
  setStateLine({ at, from, to, flags: SOCK.DEAD, ...change });
export const sent = (at: number, reason: number | null, change: { answersSegment?: boolean } = {}): string =>
  resetLine({ at, sent: true, reason, ...change });
export const received = (at: number): string => resetLine({ at, sent: false });
export const destroyed = (at: number, err = 0): string => destroyLine({ at, err });

/** The end of the only sock of these lines, and the side that ended it. */
export const ending = (...lines: readonly string[]): [ClosePath['ended_by'], ClosePath['side']] => {
  const path = pathOf(lines);
  return [path.ended_by, path.side];
};

/** The two ways to see a close that itself moves the sock into CLOSE. */
export const ABORTS = [
  ['inferred from a tracepoint', VIA.last_fput],
  ['hooked', VIA.hook],
] as const;

/** The close moves it from `from` into CLOSE: in one line for the tracepoint backend, in a second for a hook. */
export const abort = (via: number, from: TcpState, change: AnnounceFields = {}): readonly string[] =>
  via === VIA.hook
    ? [
        announceLine({ at: 0, via, state: from, ...change }),
        setStateLine({ at: us(5), from, to: 'CLOSE', own: true, flags: change.flags ?? 0 }),
        destroyed(us(20)),
      ]
    : [closed({ via, ...change }, from, 'CLOSE'), destroyed(us(20))];

/** The two ways to see the close of a sock that was in CLOSE before. */
export const FINDS = [
  ['announced at its destroy', VIA.destroy],
  ['hooked', VIA.hook],
] as const;

/** The close finds it in CLOSE, after these moves. */
export const found = (
  via: number,
  moves: readonly PastMove[],
  err = 0,
  change: AnnounceFields = {},
): readonly string[] => [
  announceLine({
    at: ms(9),
    via,
    state: 'CLOSE',
    own: true,
    flags: via === VIA.hook ? 0 : SOCK.DEAD,
    moves,
    ...change,
  }),
  destroyLine({ at: ms(9) + us(5), err, own: true }),
];
export const past = (from: TcpState, change: Partial<PastMove> = {}): PastMove => ({
  at: ms(1),
  from,
  to: 'CLOSE',
  ...change,
});

/** A child that no task ever had, destroyed without a close. */
export const forgotten = (change: AnnounceFields = {}): string =>
  announceLine({
    at: 0,
    via: VIA.destroy,
    state: 'CLOSE',
    own: false,
    holder: HOLDER.none,
    flags: SOCK.DEAD,
    ...change,
  });

/** Reset at its close (`own`), or by its timer, while the host had `orphans` of at most 100. */
export const limited = (orphans: number, own: boolean, memory = '', sndUna = 5000, later = 0): ClosePath =>
  pathOf([
    inventoryEndLine(0),
    `${sampleLine(1, orphans, 100)}${memory}`,
    tickLine(ms(20)),
    announceLine({
      at: ms(30 + later),
      state: 'ESTABLISHED',
      moves: [{ at: ms(30 + later), from: 'ESTABLISHED', to: 'FIN_WAIT1', own: true }],
    }),
    ...(own ? [] : [sent(ms(40 + later), REASONS.TCP_ABORT_ON_MEMORY)]),
    step(ms(40 + later) + 5, 'FIN_WAIT1', 'CLOSE', { own, writeSeq: 5001, sndUna }),
    ...(own ? [sent(ms(40 + later) + 9, REASONS.TCP_ABORT_ON_MEMORY)] : []),
    destroyed(ms(40 + later) + 20),
  ]);
