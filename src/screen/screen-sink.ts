import { openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { EXIT } from '../kernel/fault.ts';
import { printableLines, tell } from '../output/stderr.ts';
import type { RunEnd, Sink } from '../stream/sink.ts';
import { firstFrame } from './first-frame.ts';
import type { LiveTopStore } from './store.ts';
import { restoreTerminal, takeTerminal } from './terminal.ts';

type ScreenOptions = {
  /** The phase while lines come. */
  readonly phase: 'tracing' | 'replaying';
  /** Takes the screen away. */
  readonly signal: AbortSignal;
  /** Called when the user has left it. */
  readonly onQuit: () => void;
};

/**
 * The Ink screen over a stream. When the stream has ended, the screen stays with its content until the user leaves it.
 *
 * Ink takes longer to load than everything else together. So the first frame is written as text before that, while the
 * probes attach.
 */
export const createScreenSink = (store: LiveTopStore, { phase, signal, onQuit }: ScreenOptions): Sink => {
  const { stdout } = process;
  const stdin = keyboard();
  const size = { columns: stdout.columns || 0, rows: stdout.rows || 0 };
  takeTerminal(stdin, stdout, firstFrame(store.getSnapshot(), size));
  process.on('uncaughtException', (error) => {
    restoreTerminal(stdout);
    process.stderr.write(`${printableLines(error.stack ?? String(error))}\n`);
    process.exit(EXIT.failed);
  });
  // A terminal that has gone is a user who has left: a recording gets its trailer all the same.
  for (const stream of [stdin, stdout]) stream.on('error', onQuit);
  const leave = new AbortController();
  let hasBegun = false;
  /** A remark about the content. It disappears with the screen, so it is printed again afterwards. */
  let said = '';
  const shown = (async (): Promise<void> => {
    try {
      const { runScreen } = await import('./screen.tsx');
      await runScreen(store, { stdin, stdout, onQuit, signal: AbortSignal.any([signal, leave.signal]) });
    } finally {
      restoreTerminal(stdout);
      onQuit();
    }
  })();
  // Awaited at the end: until then nobody handles its failure.
  shown.catch(() => undefined);
  return {
    progress: (text) => {
      store.notice(text);
      if (hasBegun) said = text;
    },
    begin: (stream) => {
      hasBegun = true;
      store.attach(stream);
      store.setPhase(phase);
    },
    sock: store.onEnd,
    ledger: (_record, row) => store.onLedger(row),
    notice: store.streamNotice,
    end: async (end) => {
      // If nothing was shown yet, there is nothing to stay for.
      if (!hasBegun) leave.abort();
      else if (!signal.aborted) showEnd(store, end);
      await shown;
      if (said !== '') tell(said);
    },
  };
};

const showEnd = (store: LiveTopStore, { fault }: RunEnd): void => {
  if (fault !== null) store.notice(`${fault.message}: ${fault.why}`);
  store.setPhase(fault === null ? 'ended' : 'failed');
};

/** The source of the keys: the terminal itself if stdin is a pipe, as in `replay -`. */
const keyboard = (): NodeJS.ReadStream => {
  if (process.stdin.isTTY === true) return process.stdin;
  try {
    return new ReadStream(openSync('/dev/tty', 'r'));
  } catch {
    return process.stdin;
  }
};
