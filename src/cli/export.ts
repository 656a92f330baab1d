import { filterOf } from '../filter/filter.ts';
import type { ExitCode } from '../kernel/fault.ts';
import type { Format } from '../output/formats.ts';
import { createOutput } from '../output/stdout.ts';
import { createUnmatchedWords } from '../output/unmatched-words.ts';
import { createWords } from '../output/words.ts';
import { subjectOfPath } from '../stream/filter.ts';
import { runStream } from '../stream/run-stream.ts';
import { minAgeOf, type SharedOptions } from './arguments.ts';
import { liveSource, recordedSource, untilSignalled } from './source.ts';
import { turnedAwayOf } from './turned-away-of.ts';

export type ExportOptions = SharedOptions & { readonly to: Format };

/** `finwait export [FILE] --to FORMAT`: close paths for another program, live or of a recording, on stdout. */
export const exportTo = async (file: string | undefined, options: ExportOptions): Promise<ExitCode> => {
  const filter = filterOf(options);
  const output = createOutput();
  const turnedAway = turnedAwayOf(file, filter);
  const sink = await options.to.open(output);
  const source = file === undefined ? liveSource(options, minAgeOf(options)) : recordedSource(file);
  return runStream(source, [sink, createUnmatchedWords(turnedAway), createWords(file !== undefined)], {
    signal: AbortSignal.any([untilSignalled(), output.closed]),
    isStrict: options.strict === true,
    isWanted: (path) => turnedAway.see(path.dying_us, () => subjectOfPath(path)),
  });
};
