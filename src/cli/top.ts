import { openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { EXIT, type ExitCode, Fault } from '../kernel/fault.ts';
import { firstFrame } from '../views/top/first-frame.ts';
import { createTopStore, type LiveTopStore } from '../views/top/store.ts';
import { restoreTerminal, takeTerminal } from '../views/top/terminal.ts';
import { printTop } from '../views/top/text.ts';
import { filterOf, minAgeOf, type SharedOptions } from './arguments.ts';
import { createFold, type Fold } from './fold.ts';
import { printableLines, tell, tellFault } from './messages.ts';
import { createOutput } from './output.ts';
import { createPace } from './pace.ts';
import { keepHeapSmall } from './small-heap.ts';
import { type Consumer, runLive, runRecording, type SourceEnd, untilSignalled } from './source.ts';
import { lossOf } from './trace.ts';

type Run = (consumer: Consumer, signal: AbortSignal, onProgress: (text: string) => void) => Promise<SourceEnd>;

/** `finwait top`: the live screen; text once a second where stdout is no terminal. */
export const top = (options: SharedOptions): Promise<ExitCode> =>
  show('', options, (consumer, signal, onProgress) =>
    runLive(options, minAgeOf(options), consumer, signal, onProgress),
  );

/** A replay shows all that was recorded. */
const REPLAYED: SharedOptions = { backend: 'auto' };

/** `finwait replay FILE`: the same screen over a recording. */
export const replay = (path: string, options: { readonly speed: number }): Promise<ExitCode> =>
  show(path === '-' ? 'stdin' : path, REPLAYED, (consumer, signal, onProgress) =>
    runRecording(path, consumer, signal, onProgress, createPace(options.speed, signal)),
  );

/** `finwait demo`: a recording of real sockets that comes with finwait. */
export const demo = (options: { readonly speed: number }): Promise<ExitCode> => {
  const path = fileURLToPath(new URL('../../docs/demo.fwr', import.meta.url));
  return show('demo', REPLAYED, (consumer, signal, onProgress) =>
    runRecording(path, consumer, signal, onProgress, createPace(options.speed, signal)),
  );
};

const show = async (name: string, options: SharedOptions, run: Run): Promise<ExitCode> => {
  const stopLooking = keepHeapSmall(createMeter());
  const store = createTopStore({
    sourceName: name,
    filter: filterOf(options),
    busy: name === '' ? createMeter() : null,
  });
  const signalled = untilSignalled();
  const quit = new AbortController();
  const signal = AbortSignal.any([signalled, quit.signal]);
  let fold: Fold | null = null;
  const consumer: Consumer = {
    onMeta: (meta) => {
      fold = createFold(meta, { onEnd: store.onEnd, onLedger: store.onLedger, onNotice: store.notice });
      store.attach({ meta, ...fold });
      store.setPhase(name === '' ? 'tracing' : 'replaying');
    },
    onLine: (line) => fold?.push(line),
    isInDoubt: () => fold?.isInDoubt() ?? false,
    onEnd: async () => fold?.end(),
  };
  const view = process.stdout.isTTY === true ? showScreen : showText;
  const fault = await view(store, run, consumer, signal, () => quit.abort());
  store.stop();
  stopLooking();
  if (fault !== null) {
    tellFault(fault);
    return fault.exitCode;
  }
  return lossOf(fold) && options.strict === true ? EXIT.lost : EXIT.done;
};

/** Share of the time since the last call, 0 to 1, in which the event loop was at work. */
const createMeter = (): (() => number) => {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
};

type View = (
  store: LiveTopStore,
  run: Run,
  consumer: Consumer,
  signal: AbortSignal,
  onQuit: () => void,
) => Promise<Fault | null>;

/** Runs the source; a fault is a result here, since the screen has to go first. */
const settle = (running: Promise<SourceEnd>): Promise<Fault | null> =>
  running.then(
    (end) => end.fault,
    (error: unknown) => {
      if (error instanceof Fault) return error;
      throw error;
    },
  );

const showScreen: View = async (store, run, consumer, signal, onQuit) => {
  const { stdout } = process;
  const stdin = keyboard();
  // Ink takes longer to load than all the rest together: the first frame is there before, and the probes are on their way.
  takeTerminal(
    stdin,
    stdout,
    firstFrame(store.getSnapshot(), { columns: stdout.columns || 0, rows: stdout.rows || 0 }),
  );
  process.on('uncaughtException', (error) => {
    restoreTerminal(stdout);
    process.stderr.write(`${printableLines(error.stack ?? String(error))}\n`);
    process.exit(EXIT.failed);
  });
  const leave = new AbortController();
  let hasBegun = false;
  /** What the source said of what is shown: it goes with the screen, and is said again where it stays. */
  let said = '';
  const running = settle(
    run(
      {
        ...consumer,
        onMeta: (meta) => {
          hasBegun = true;
          consumer.onMeta(meta);
        },
      },
      signal,
      (text) => {
        store.notice(text);
        if (hasBegun) said = text;
      },
    ),
  );
  const ending = running.then((fault) => {
    // Before anything was shown there is nothing to stay for. After it, what was seen stays on the screen.
    if (!hasBegun) leave.abort();
    else if (!signal.aborted) {
      if (fault !== null) store.notice(`${fault.message}: ${fault.why}`);
      store.setPhase(fault === null ? 'ended' : 'failed');
    }
    return fault;
  });
  try {
    const { loadScreen } = await import('../views/top/load-screen.ts');
    const { runScreen } = await loadScreen();
    await runScreen(store, { stdin, stdout, onQuit, signal: AbortSignal.any([signal, leave.signal]) });
  } finally {
    restoreTerminal(stdout);
    onQuit();
  }
  const fault = await ending;
  if (said !== '') tell(said);
  return fault;
};

/** Where keys come from: the terminal itself when stdin is a pipe, as in `replay -`. */
const keyboard = (): NodeJS.ReadStream => {
  if (process.stdin.isTTY === true) return process.stdin;
  try {
    return new ReadStream(openSync('/dev/tty', 'r'));
  } catch {
    return process.stdin;
  }
};

const showText: View = async (store, run, consumer, signal, onQuit) => {
  const output = createOutput();
  output.closed.addEventListener('abort', onQuit, { once: true });
  const print = (): void => {
    const snapshot = store.getSnapshot();
    // Until there is a stream there is nothing to tell; which backend is tried goes to stderr.
    if (snapshot.status.backend !== '') printTop(snapshot, output.line);
  };
  // A reader that does not keep up gets fewer of them.
  const timer = setInterval(() => output.room() ?? print(), 1000);
  const fault = await settle(run(consumer, signal, tell));
  clearInterval(timer);
  store.setPhase(fault === null ? 'ended' : 'failed');
  print();
  await output.flush();
  return fault;
};
