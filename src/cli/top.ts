import { fileURLToPath } from 'node:url';
import { filterOf } from '../filter/filter.ts';
import type { ExitCode } from '../kernel/fault.ts';
import { createOutput } from '../output/stdout.ts';
import { createWords } from '../output/words.ts';
import { createScreenSink } from '../screen/screen-sink.ts';
import { createTopStore } from '../screen/store.ts';
import { takesScreen } from '../screen/terminal-kind.ts';
import { createTextSink } from '../screen/text-sink.ts';
import { runStream, type Source } from '../stream/run-stream.ts';
import { minAgeOf, type SharedOptions } from './arguments.ts';
import { createPace } from './pace.ts';
import { keepHeapSmall } from './small-heap.ts';
import { liveSource, recordedSource, untilSignalled } from './source.ts';
import { turnedAwayOf } from './turned-away-of.ts';

/** `finwait top`: the live screen; text once a second where stdout is no terminal, or a dumb one. */
export const top = (options: SharedOptions): Promise<ExitCode> =>
  show('', options, () => liveSource(options, minAgeOf(options)));

/** A replay shows all that was recorded. */
const REPLAYED: SharedOptions = { backend: 'auto' };

/** `finwait replay FILE`: shows the same screen over a recording. */
export const replay = (path: string, options: { readonly speed: number }): Promise<ExitCode> =>
  show(path === '-' ? 'stdin' : path, REPLAYED, (signal) => recordedSource(path, createPace(options.speed, signal)));

/** `finwait demo`: a recording of real sockets that comes with finwait. */
export const demo = (options: { readonly speed: number }): Promise<ExitCode> => {
  const path = fileURLToPath(new URL('../../docs/demo.fwr', import.meta.url));
  return show('demo', REPLAYED, (signal) => recordedSource(path, createPace(options.speed, signal)));
};

/** @param name - the recording's; empty for a live capture */
const show = async (
  name: string,
  options: SharedOptions,
  sourceOf: (signal: AbortSignal) => Source,
): Promise<ExitCode> => {
  const stopLooking = keepHeapSmall(createMeter());
  const filter = filterOf(options);
  const store = createTopStore({
    sourceName: name,
    filter,
    turnedAway: turnedAwayOf(name === '' ? undefined : name, filter),
    busy: name === '' ? createMeter() : null,
  });
  const quit = new AbortController();
  const signal = AbortSignal.any([untilSignalled(), quit.signal]);
  const onQuit = (): void => quit.abort();
  // A live one may have no right to trace: that is said before the screen is opened.
  const source = sourceOf(signal);
  const phase = name === '' ? 'tracing' : 'replaying';
  const view = takesScreen(process.stdout, process.env)
    ? createScreenSink(store, { phase, signal, onQuit })
    : createTextSink(store, createOutput(), phase, onQuit);
  try {
    return await runStream(source, [view, { end: createWords(name !== '').end }], {
      signal,
      isStrict: options.strict === true,
    });
  } finally {
    store.stop();
    stopLooking();
  }
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
