import type { LedgerRow } from '../../src/lifecycle/ledger.ts';
import type { Sock } from '../../src/lifecycle/sock.ts';
import { createTracker, type Tracker } from '../../src/lifecycle/tracker.ts';
import { createDecoder } from '../../src/wire/decode.ts';
import type { TimedEvent } from '../../src/wire/event.ts';
import { helloLine } from './wire-lines.ts';

export type Tracked = {
  readonly tracker: Tracker;
  readonly ended: Sock[];
  readonly rows: LedgerRow[];
  /** Applies lines in the order given. */
  readonly feed: (...lines: readonly string[]) => Tracked;
  /** Applies them marked as out of order by the reorder window. */
  readonly feedOutOfOrder: (...lines: readonly string[]) => Tracked;
};

/** Reads good lines into events; a line that is not good is a fault of the test. */
export const decodeAll = (lines: readonly string[]): readonly TimedEvent[] => {
  const decode = createDecoder();
  decode(helloLine());
  return lines.map((line) => {
    const event = decode(line);
    if (event === null || event.kind === 'hello' || event.kind === 'malformed')
      throw new Error(`not an event: ${line}`);
    return event;
  });
};

/** A tracker that takes wire lines. */
export const track = (hz: number | null = 250): Tracked => {
  const ended: Sock[] = [];
  const rows: LedgerRow[] = [];
  const tracker = createTracker({ hz, onEnd: (sock) => ended.push(sock), onLedger: (row) => rows.push(row) });
  const apply = (lines: readonly string[], isOutOfOrder: boolean): Tracked => {
    for (const event of decodeAll(lines)) tracker.apply(event, isOutOfOrder);
    return tracked;
  };
  const tracked: Tracked = {
    tracker,
    ended,
    rows,
    feed: (...lines) => apply(lines, false),
    feedOutOfOrder: (...lines) => apply(lines, true),
  };
  return tracked;
};

/** The only one of a list. */
export const only = <T>(list: Iterable<T>): T => {
  const all = [...list];
  const [one] = all;
  if (one === undefined || all.length !== 1) throw new Error(`expected one, there are ${all.length}`);
  return one;
};
