import { filterOf } from '../filter/filter.ts';
import type { ExitCode } from '../kernel/fault.ts';
import { tell } from '../output/stderr.ts';
import { createUnmatchedSocks } from '../output/unmatched-words.ts';
import { createWords } from '../output/words.ts';
import { isStdout } from '../record/writer.ts';
import { runStream } from '../stream/run-stream.ts';
import type { Sink } from '../stream/sink.ts';
import { nounOf } from '../text/count.ts';
import { idleFilters, minAgeOf, type SharedOptions } from './arguments.ts';
import { liveSource, untilSignalled } from './source.ts';
import { turnedAwayOf } from './turned-away-of.ts';

/**
 * `finwait record`: writes the event stream to a file. The source writes it, line by line as they come. The stream is
 * folded all the same, to say what was lost.
 */
export const record = (options: SharedOptions): Promise<ExitCode> => {
  const path = options.record ?? `finwait-${new Date().toISOString().replace(/[:.]/g, '-')}.fwr`;
  const name = isStdout(path) ? 'stdout' : path;
  const turnedAway = turnedAwayOf(undefined, filterOf(options));
  const source = liveSource({ ...options, record: path }, minAgeOf(options));
  return runStream(
    source,
    [createRecordWords(path, name, options), createUnmatchedSocks(turnedAway), createWords(false)],
    {
      signal: untilSignalled(),
      isStrict: options.strict === true,
    },
  );
};

const createRecordWords = (path: string, where: string, options: SharedOptions): Sink => {
  let lines = 0;
  return {
    begin: () => {
      const idle = idleFilters(options);
      if (idle.length > 0) tell(`the recording has all sockets whatever ${idle.join(', ')}: filter when it is read`);
      tell(`recording to ${where}; Ctrl+C ends it`);
    },
    line: () => {
      lines++;
    },
    end: async ({ fault }) => {
      if (fault === null)
        tell(`${lines} ${nounOf(lines, 'line')} recorded to ${where}; see them with: finwait replay ${path}`);
    },
  };
};
