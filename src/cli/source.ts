import { checkCapabilities } from '../capture/kernel/capabilities.ts';
import { filterOf, filterTexts } from '../filter/filter.ts';
import { Fault } from '../kernel/fault.ts';
import type { RecordingWriter } from '../record/writer.ts';
import type { Consumer, Source } from '../stream/run-stream.ts';
import type { RunEnd } from '../stream/sink.ts';
import { nounOf } from '../text/count.ts';
import { BOUNDS } from '../wire/bounds.ts';
import { checkMinAge, type SharedOptions } from './arguments.ts';
import { dropRoot, userToBecome, withDropped } from './drop-root.ts';
import type { Reader } from './reader-client.ts';
import { collectSooner } from './small-heap.ts';
import { VERSION } from './version.ts';

/** May hold a line up. */
type Pace = (line: string) => Promise<void> | undefined;

/**
 * Live lines of this host, until SIGINT, SIGTERM, SIGHUP or `--duration`; they are recorded too if that is asked for.
 *
 * @throws Fault (exit 2) for an age that is too long, (exit 3) when finwait may not trace: before a screen is opened, and before a file is tried
 */
export const liveSource = (options: SharedOptions, minAgeMs: number): Source => {
  checkMinAge(minAgeMs);
  checkCapabilities();
  return (consumer, signal, onProgress) => runLive(options, minAgeMs, consumer, signal, onProgress);
};

/** The lines of a recording. @param pace - may hold a line up, to replay at the speed of the recording */
export const recordedSource =
  (path: string, pace?: Pace): Source =>
  (consumer, signal, onProgress) =>
    runRecording(path, consumer, signal, onProgress, pace);

/**
 * Traces the host until SIGINT, SIGTERM, SIGHUP, `--duration` or `signal`, and gives each line to `consumer`, to the
 * recording too if there is to be one.
 *
 * A signal that comes before the probes are attached ends the run with nothing traced and nothing recorded.
 *
 * @param minAgeMs - the time that a socket has been dying when the probes announce it
 * @throws Fault when tracing cannot begin, or the recording cannot be opened
 */
const runLive = async (
  options: SharedOptions,
  minAgeMs: number,
  consumer: Consumer,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<RunEnd> => {
  // This comes no sooner than it is needed: a screen has its first frame by then.
  const { readHere, startReader } = await import('./reader-client.ts');
  const filter = filterOf(options);
  const reader = (userToBecome() === null ? readHere : startReader)({
    backend: options.backend,
    finwaitVersion: VERSION,
    filters: filterTexts(filter),
    only: filter,
    minAgeMs,
    mapKeys: options.mapKeys,
  });
  const recording = await openAsInvoker(options.record, reader).catch((error: unknown) => {
    reader.leave();
    throw error;
  });
  const refused = Promise.withResolvers<Fault>();
  let isRefused = false;
  let attachedAt = 0;
  const capturing = reader.capture({
    signal,
    onMeta: (meta) => {
      attachedAt = performance.now();
      recording?.start(meta);
      consumer.onMeta(meta);
    },
    onLine: (line) => {
      const goesOn = recording?.write(line) ?? true;
      try {
        if (!isRefused) consumer.onLine(line);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        isRefused = true;
        refused.resolve(error);
      }
      return goesOn;
    },
    isInDoubt: consumer.isInDoubt,
    onProgress,
  });
  const capture = await capturing.catch(async (error: unknown) => {
    await recording?.discard();
    throw error;
  });
  if (capture === null) {
    await recording?.discard();
    onProgress('stopped before the probes were attached: nothing was traced');
    return { fault: null, isCut: false };
  }
  const aborted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  const timer = Promise.withResolvers<null>();
  // It counts from the attach. An inventory that takes longer is waited for.
  const { duration } = options;
  const leftMs = Math.max(0, (duration ?? 0) - (performance.now() - attachedAt));
  const timeout = duration === undefined ? null : setTimeout(() => timer.resolve(null), leftMs);
  let fault: Fault | null;
  try {
    fault = await Promise.race([
      capture.ended,
      refused.promise,
      aborted,
      timer.promise,
      ...(recording === null ? [] : [recording.failed]),
    ]);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    fault = error;
  } finally {
    if (timeout !== null) clearTimeout(timeout);
    await capture.stop();
  }
  if (!isRefused) await consumer.onEnd();
  if (recording !== null && fault === null) await recording.end();
  else if (recording !== null) await recording.end().catch(() => undefined);
  return { fault, isCut: false };
};

/** From here on only the reader is root: the recording is a file of the user who called sudo. */
const openAsInvoker = async (path: string | undefined, reader: Reader): Promise<RecordingWriter | null> => {
  dropRoot();
  if (path === undefined) return null;
  const { openRecording } = await import('../record/writer.ts');
  return withDropped(openRecording(path, reader.resume));
};

/**
 * Gives the lines of a recording to `consumer`.
 *
 * @param pace - may hold a line up, to replay at the speed of the recording
 * @throws Fault when it is no recording this program reads
 */
const runRecording = async (
  path: string,
  consumer: Consumer,
  signal: AbortSignal,
  onProgress: (text: string) => void,
  pace: Pace = () => undefined,
): Promise<RunEnd> => {
  collectSooner();
  const { readRecording } = await import('../record/reader.ts');
  const reading = readRecording(path, {
    signal,
    onMeta: consumer.onMeta,
    onLine: (line) => {
      consumer.onLine(line);
      const room = consumer.room?.();
      return room === undefined ? pace(line) : room.then(() => pace(line));
    },
  });
  const result = await withDropped(reading);
  await consumer.onEnd();
  if (result.isBomb) {
    onProgress(
      `the recording is left unread after ${result.lines} ${nounOf(result.lines, 'line')}: it unpacks to more than ${BOUNDS.expansion} times its size, as no host's does; if you trust it: zstd -dc FILE | zstd --fast | finwait replay -`,
    );
  } else if (result.isCut)
    onProgress(
      `the recording is cut off after ${result.lines} ${nounOf(result.lines, 'line')}; shown is what there is`,
    );
  return { fault: null, isCut: result.isCut };
};

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP; a second SIGINT or SIGTERM ends the process at once. SIGHUP comes when
 * the terminal goes, as with a lost ssh. It may come twice, from the kernel and from the shell, and nobody asks for haste.
 */
export const untilSignalled = (): AbortSignal => {
  const controller = new AbortController();
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', null],
  ] as const) {
    process.on(name, () => {
      if (controller.signal.aborted && code !== null) process.exit(code);
      controller.abort();
    });
  }
  return controller.signal;
};
