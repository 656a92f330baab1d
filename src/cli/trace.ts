import { filterOf } from '../filter/filter.ts';
import type { ExitCode } from '../kernel/fault.ts';
import { createOutput } from '../output/stdout.ts';
import { createTraceNdjson } from '../output/trace-ndjson.ts';
import { createTraceText } from '../output/trace-text.ts';
import { createUnmatchedWords } from '../output/unmatched-words.ts';
import { createWords } from '../output/words.ts';
import { subjectOfPath } from '../stream/filter.ts';
import { runStream } from '../stream/run-stream.ts';
import type { SharedOptions } from './arguments.ts';
import { liveSource, recordedSource, untilSignalled } from './source.ts';
import { turnedAwayOf } from './turned-away-of.ts';

export type TraceOptions = SharedOptions & { readonly json?: boolean; readonly time?: boolean };

/** `finwait trace [FILE]`: a line for each finished close path, live or of a recording. */
export const trace = (file: string | undefined, options: TraceOptions): Promise<ExitCode> => {
  const filter = filterOf(options);
  const output = createOutput();
  const source = file === undefined ? liveSource(options, options.minAge ?? 0) : recordedSource(file);
  const turnedAway = turnedAwayOf(file, filter);
  const sink = options.json === true ? createTraceNdjson(output) : createTraceText(output, options.time === true);
  return runStream(source, [sink, createUnmatchedWords(turnedAway), createWords(file !== undefined)], {
    signal: AbortSignal.any([untilSignalled(), output.closed]),
    isStrict: options.strict === true,
    isWanted: (path) => turnedAway.see(path.dying_us, () => subjectOfPath(path)),
  });
};
