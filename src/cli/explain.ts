import type { Grouping } from '../explain/report/report.ts';
import { filterOf } from '../filter/filter.ts';
import { NO_FILTER } from '../filter/table.ts';
import { EXIT, type ExitCode, Fault } from '../kernel/fault.ts';
import { createExplanationNdjson } from '../output/explanation-ndjson.ts';
import { createExplanationText } from '../output/explanation-text.ts';
import { tell } from '../output/stderr.ts';
import { createOutput } from '../output/stdout.ts';
import { createWords } from '../output/words.ts';
import { passes } from '../stream/filter.ts';
import { runStream } from '../stream/run-stream.ts';
import type { Sink } from '../stream/sink.ts';
import { settingTime } from '../text/duration.ts';
import { minAgeOf, type SharedOptions } from './arguments.ts';
import type { SocketPredicate } from './socket-argument.ts';
import { liveSource, recordedSource, untilSignalled } from './source.ts';

export type ExplainOptions = SharedOptions & {
  readonly by: Grouping;
  readonly limit: number;
  readonly socket?: SocketPredicate;
  readonly json?: boolean;
};

/** A live run watches for this long unless told, ms. */
const DURATION_MS = 10_000;

/** `finwait explain [FILE]`: says why sockets were orphaned, live for a while or over a whole recording. */
export const explain = (file: string | undefined, options: ExplainOptions): Promise<ExitCode> => {
  const filter = filterOf(options);
  const { socket, duration = DURATION_MS } = options;
  const output = createOutput();
  const isLive = file === undefined;
  const source = isLive ? liveSource({ ...options, duration }, minAgeOf(options)) : recordedSource(file);
  const told = {
    by: options.by,
    limit: options.limit,
    isFiltered: filter !== NO_FILTER || socket !== undefined,
  };
  const columns = process.stdout.isTTY ? process.stdout.columns : 80;
  const report =
    options.json === true
      ? createExplanationNdjson(output, told)
      : createExplanationText(output, told, columns, socket !== undefined);
  const sinks: readonly Sink[] = [
    ...(isLive ? [watching(duration)] : []),
    ...(socket === undefined ? [] : [refuseNone()]),
    report,
    createWords(!isLive),
  ];
  return runStream(source, sinks, {
    signal: AbortSignal.any([untilSignalled(), output.closed]),
    isStrict: options.strict === true,
    isWanted: (path) => passes(path, filter) && (socket?.(path) ?? true),
  });
};

const watching = (duration: number): Sink => ({
  begin: () => tell(`watching for ${settingTime(duration)}; Ctrl+C ends it early, with what there is`),
});

/** An answer about a socket that was not seen would be empty. */
const refuseNone = (): Sink => {
  let isSeen = false;
  const see = (): void => {
    isSeen = true;
  };
  return {
    path: see,
    dying: see,
    finish: () => {
      if (isSeen) return;
      throw new Fault('no such socket died or was dying in this time', {
        why: 'finwait knows sockets from their close on, and only those that pass the filters',
        remedy: "look for it with 'finwait trace', or watch longer with --duration",
        exitCode: EXIT.failed,
      });
    },
  };
};
