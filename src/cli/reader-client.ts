import { checkPrograms } from '../capture/bpftrace/check-programs.ts';
import { createBootClock } from '../capture/kernel/boot-clock.ts';
import { lackedCapabilities } from '../capture/kernel/capabilities.ts';
import { type LiveCapture, type LiveOptions, startLive } from '../capture/live.ts';
import { findReaderConfinement } from '../capture/reader/confine-reader.ts';
import {
  formatRequest,
  isMessage,
  type Order,
  parseMessage,
  type ReaderRequest,
} from '../capture/reader/reader-protocol.ts';
import { EXIT, Fault } from '../kernel/fault.ts';
import { startReaderProcess } from '../programs/start-own.ts';
import { parseMeta } from '../record/format.ts';
import { createLineSink } from '../record/line-sink.ts';
import { ownLine } from '../wire/own-lines.ts';

const DOUBT_MS = 500;
const KEPT_CHARACTERS = 4000;

export type ReaderOptions = Pick<LiveOptions, 'onLine' | 'onMeta' | 'onProgress' | 'isInDoubt'> & {
  /** Gives up attaching. Once attached, `stop` ends the capture. */
  readonly signal: AbortSignal;
};

/** The process that captures. It does nothing yet. */
export type Reader = {
  /**
   * Has it capture. Resolves once the probes are attached and the inventory is in the stream, as `startLive` does.
   * Gives null when `signal` came before. @throws Fault when tracing cannot begin
   */
  readonly capture: (options: ReaderOptions) => Promise<Pick<LiveCapture, 'ended' | 'stop'> | null>;
  /** Lines are taken again; may be called before `capture` has resolved. */
  readonly resume: () => void;
  /** Nobody wants it any more. */
  readonly leave: () => void;
};

/**
 * The reader of a finwait that gives no right up: this process. A second one would be as much root as this one is, and
 * costs 85 MB, and half the CPU time again of each line (docs/benchmarks.md).
 */
export const readHere = (request: ReaderRequest): Reader => {
  let live: LiveCapture | null = null;
  return {
    capture: async (options) => {
      live = await startLive({ ...request, ...options });
      // There may have been room again before there was a capture to resume.
      live?.resume();
      return live;
    },
    resume: () => live?.resume(),
    leave: () => undefined,
  };
};

/**
 * Starts the process that captures, with the rights that this one has now: whoever calls this then gives theirs up.
 * `request` fixes from here on what runs as root, and with which script; after it the reader takes four words only.
 *
 * @throws Fault (exit 3) when a program that it would run may be somebody else's
 */
export const startReader = (request: ReaderRequest): Reader => {
  // This comes first: here a relative entry of PATH is what the user meant, but the reader works in /. It says what
  // rights lack.
  if (lackedCapabilities().length === 0) checkPrograms();
  const child = startReaderProcess(findReaderConfinement().command, formatRequest(request));
  const order = (word: Order): void => {
    child.stdin.write(`${word}\n`);
  };
  // It may have ended by itself: its last words tell why.
  child.stdin.on('error', () => undefined);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = `${complaints}${text}`.slice(-KEPT_CHARACTERS);
  });
  const exit = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  let isStopping = false;
  let held: PromiseWithResolvers<void> | null = null;
  const resume = (): void => {
    held?.resolve();
    held = null;
  };

  const capture: Reader['capture'] = async (options) => {
    const begun = Promise.withResolvers<boolean>();
    const ended = Promise.withResolvers<Fault | null>();
    let hasMeta = false;
    let isOver = false;
    const end = (fault: Fault | null): void => {
      isOver = true;
      ended.resolve(fault);
    };
    const take = (line: string): Promise<void> | undefined => {
      if (!isMessage(line)) {
        if (options.onLine(line) || isStopping) return undefined;
        held ??= Promise.withResolvers<void>();
        return held.promise;
      }
      const message = parseMessage(line);
      if (message.kind === 'progress') options.onProgress(message.text);
      else if (message.kind === 'meta') {
        hasMeta = true;
        // The process that people know as finwait is this one.
        options.onMeta({ ...parseMeta(message.json, 'the stream'), pid: process.pid });
      } else if (message.kind === 'attached') begun.resolve(true);
      else if (message.kind === 'stopped') {
        end(null);
        begun.resolve(false);
      } else if (message.kind === 'failed') {
        end(null);
        begun.reject(message.fault);
      } else end(message.fault);
      return undefined;
    };
    // A line that was broken off may yet look whole: its length stands for it.
    const sink = createLineSink(take, (rest) => take(`? ${rest.length}`));
    const drained = new Promise<void>((resolve, reject) => {
      sink.once('close', resolve);
      sink.once('error', reject);
    });
    child.stdout.pipe(sink);
    // A program that could not be started has a stdout that closes without an end.
    child.stdout.once('close', () => sink.end());
    const doubt = watchDoubt(options.isInDoubt, order);
    const stop = (): void => {
      isStopping = true;
      resume();
      order('stop');
    };
    options.signal.addEventListener('abort', stop, { once: true });
    if (options.signal.aborted) stop();

    const over = Promise.all([exit, drained]).then(([how]) => {
      clearInterval(doubt);
      child.stdin.destroy();
      if (isOver) return;
      const fault = endedByItself(how, complaints);
      end(fault);
      if (!hasMeta) return begun.reject(fault);
      // Everything seen until then stays.
      options.onLine(ownLine.notice(createBootClock().now(), fault.message));
      begun.resolve(true);
    });
    over.catch(begun.reject);
    order('go');
    const isAttached = await begun.promise.finally(() => options.signal.removeEventListener('abort', stop));
    if (!isAttached) {
      await over;
      return null;
    }
    return {
      ended: over.then(() => ended.promise),
      stop: async () => {
        if (!isStopping) stop();
        await over;
      },
    };
  };

  return {
    capture,
    resume,
    leave: () => {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
    },
  };
};

/** Tells the reader when the fold's doubt begins and ends: the inventory is taken again while it lasts. */
const watchDoubt = (isInDoubt: () => boolean, order: (word: Order) => void): NodeJS.Timeout => {
  let was = false;
  const timer = setInterval(() => {
    const is = isInDoubt();
    if (is !== was) order(is ? 'doubt' : 'sure');
    was = is;
  }, DOUBT_MS);
  timer.unref();
  return timer;
};

const endedByItself = (how: string, complaints: string): Fault =>
  new Fault(`finwait's reader ended by itself (${how})`, {
    why: firstOf(complaints) ?? 'it said nothing; events after that moment are not known',
    remedy: 'dmesg | tail   (the OOM killer?), then start finwait again',
    exitCode: EXIT.failed,
  });

/** Node's words about an error, from all the lines in which it says them. */
const firstOf = (complaints: string): string | undefined => {
  const lines = complaints.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /^\w*(?:Error|Fault)\b/.test(line)) ?? lines.at(-1);
};
