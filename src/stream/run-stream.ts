import type { ClosePath, Dying } from '../explain/close-path.ts';
import { talliedDeaths } from '../explain/tally.ts';
import { EXIT, type ExitCode, Fault } from '../kernel/fault.ts';
import type { Meta } from '../wire/meta.ts';
import type { OpenStream } from './open-stream.ts';
import { hostRecord } from './records/host.ts';
import { ledgerRecord } from './records/ledger.ts';
import type { RunEnd, Sink } from './sink.ts';
import type { Stream } from './stream.ts';

/** The taker of a source's lines: the same for a live one and a recorded one. */
export type Consumer = {
  readonly onMeta: (meta: Meta) => void;
  readonly onLine: (line: string) => void;
  /** Our count and the kernel's have differed for a while: something was lost that nobody reported. */
  readonly isInDoubt: () => boolean;
  /** For a recording, which waits. Settles once all that came of its lines so far has gone on. Undefined: it has. */
  readonly room: () => Promise<void> | undefined;
  /** No more lines come. Not called when the source never began. */
  readonly onEnd: () => void;
};

/**
 * The origin of lines. Resolves when all of them were given to the consumer.
 *
 * @throws Fault when it cannot begin
 */
export type Source = (consumer: Consumer, signal: AbortSignal, onProgress: (text: string) => void) => Promise<RunEnd>;

export type RunOptions = {
  /** Ends the source; everything that came until then is told. */
  readonly signal: AbortSignal;
  /** Exit with 4 when anything that should have been counted was not. */
  readonly isStrict: boolean;
  /** Rows that no sink is to hear of are turned away. The ledger is never filtered: it counts the whole host. */
  readonly isWanted?: (path: ClosePath | Dying) => boolean;
};

/**
 * Runs a source into sinks. Owns loss, exit codes, faults and clean-up: each sink is ended, in the order given, whatever
 * happened before.
 *
 * @returns the exit code; a fault that ended the source is told by the sinks (`end`), and is no exception here
 * @throws Fault when a sink could not be ended
 */
export const runStream = async (source: Source, sinks: readonly Sink[], options: RunOptions): Promise<ExitCode> => {
  // A screen has its first frame by now: it does not wait for what reads lines.
  const { openStream } = await import('./open-stream.ts');
  const { isWanted = () => true } = options;
  let stream: OpenStream | null = null;
  /** All lines came: if a source failed half-way, nobody knows what remains. */
  let isOver = false;
  const lineTakers = sinks.filter((sink) => sink.line !== undefined);
  const each = (tell: (sink: Sink) => void): void => {
    for (const sink of sinks) tell(sink);
  };
  const room = (): Promise<void> | undefined => {
    for (const sink of sinks) {
      const waiting = sink.room?.();
      if (waiting !== undefined) return waiting;
    }
    return undefined;
  };
  const wantsPaths = sinks.some((sink) => sink.path !== undefined);
  const wantsLedger = sinks.some((sink) => sink.ledger !== undefined);

  const path = (told: ClosePath): void => {
    if (isWanted(told)) each((sink) => sink.path?.(told));
  };
  const ledger = (on: Stream, row: ReturnType<Stream['tracker']['ledger']>): void => {
    if (!wantsLedger) return;
    const record = ledgerRecord(row, on.tracker.counters(), on.wallClock(row.at));
    each((sink) => sink.ledger?.(record, row));
  };
  const begin = (meta: Meta): void => {
    const opened: OpenStream = openStream(meta, {
      onEnd: (sock) => {
        each((sink) => sink.sock?.(sock));
        if (wantsPaths) path(opened.describe(sock));
      },
      onLedger: (row) => ledger(opened, row),
      onNotice: (text, at, lostWhere) => each((sink) => sink.notice?.(text, opened.wallClock(at), lostWhere)),
    });
    stream = opened;
    each((sink) => sink.begin?.(opened));
  };

  const end = await settled(
    source(
      {
        onMeta: begin,
        onLine: (line) => {
          for (const sink of lineTakers) sink.line?.(line);
          stream?.push(line);
        },
        room,
        isInDoubt: () => stream?.isInDoubt() ?? false,
        onEnd: () => {
          stream?.end();
          isOver = true;
        },
      },
      options.signal,
      (text) => each((sink) => sink.progress?.(text)),
    ),
  );
  const failures: unknown[] = [];
  if (stream !== null && isOver) {
    const opened: OpenStream = stream;
    await tellRest(opened, sinks, isWanted, () => ledger(opened, opened.tracker.ledger()));
    try {
      each((sink) => sink.finish?.(end));
    } catch (error) {
      failures.push(error);
    }
  }
  for (const sink of sinks) {
    try {
      await sink.end?.(end);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  if (end.fault !== null) return end.fault.exitCode;
  return options.isStrict && stream !== null && hasLost(stream) ? EXIT.lost : EXIT.done;
};

/** Tells what is known only when no more lines come. Sinks whose reader has gone are told nothing more. */
const tellRest = async (
  stream: Stream,
  sinks: readonly Sink[],
  isWanted: (path: ClosePath | Dying) => boolean,
  lastLedger: () => void,
): Promise<void> => {
  const { tracker } = stream;
  for (const sink of sinks) {
    const { path, dying, room = () => undefined, isGone = () => false } = sink;
    const told =
      dying !== undefined
        ? eachOf(stream.describeDying(), dying, isWanted)
        : path !== undefined
          ? eachOf(stream.describeRemaining(), path, isWanted)
          : [];
    for (const tell of told) {
      if (isGone()) break;
      tell();
      await room();
    }
  }
  const takers = sinks.filter((sink) => sink.isGone?.() !== true);
  if (takers.some((sink) => sink.tally !== undefined)) {
    for (const deaths of talliedDeaths(tracker.tallies())) for (const sink of takers) sink.tally?.(deaths);
  }
  if (takers.some((sink) => sink.abnormal !== undefined)) {
    for (const deaths of stream.abnormal()) for (const sink of takers) sink.abnormal?.(deaths);
  }
  const seen = tracker.host();
  if (seen !== null && takers.some((sink) => sink.host !== undefined)) {
    const record = hostRecord(seen, tracker.kernelLog(), stream.wallClock);
    for (const sink of takers) sink.host?.(record);
  }
  lastLedger();
};

function* eachOf<T extends ClosePath | Dying>(
  rows: Iterable<T>,
  take: (row: T) => void,
  isWanted: (row: T) => boolean,
): Generator<() => void> {
  for (const row of rows) if (isWanted(row)) yield () => take(row);
}

/** A source's fault is a result: a screen has to go before it is told. */
const settled = async (running: Promise<RunEnd>): Promise<RunEnd> => {
  try {
    return await running;
  } catch (error) {
    if (error instanceof Fault) return { fault: error, isCut: false };
    throw error;
  }
};

/** True if anything that should have been counted was not. */
const hasLost = ({ tracker }: Stream): boolean => {
  const { lostEvents, malformed } = tracker.counters();
  return lostEvents + malformed > 0;
};
