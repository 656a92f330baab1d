import type { Grouping } from '../explain/report/report.ts';
import { accepts, filterOf } from '../filter/filter.ts';
import { NO_FILTER, type PathFilter } from '../filter/table.ts';
import { EXIT, type ExitCode, Fault } from '../kernel/fault.ts';
import { stateName } from '../kernel/tcp-state.ts';
import { openSocketsLines } from '../output/explain/open-socket-lines.ts';
import { createExplanationNdjson } from '../output/explanation-ndjson.ts';
import { createExplanationText } from '../output/explanation-text.ts';
import type { OpenReading } from '../output/open-socket-record.ts';
import { tell } from '../output/stderr.ts';
import { createOutput, type Output } from '../output/stdout.ts';
import { createUnmatchedWords } from '../output/unmatched-words.ts';
import { createWords } from '../output/words.ts';
import { subjectOfPath } from '../stream/filter.ts';
import { runStream } from '../stream/run-stream.ts';
import type { Sink } from '../stream/sink.ts';
import { settingTime } from '../text/duration.ts';
import { safe } from '../text/printable.ts';
import { minAgeOf, type SharedOptions } from './arguments.ts';
import type { SocketArgument } from './socket-argument.ts';
import { liveSource, recordedSource, untilSignalled } from './source.ts';
import { turnedAwayOf } from './turned-away-of.ts';

export type ExplainOptions = SharedOptions & {
  readonly by: Grouping;
  readonly limit: number;
  readonly socket?: SocketArgument;
  readonly json?: boolean;
};

/** A live run watches for this long unless told, ms. */
const DURATION_MS = 10_000;

/** `finwait explain [FILE]`: says why sockets were orphaned, live for a while or over a whole recording. */
export const explain = async (file: string | undefined, options: ExplainOptions): Promise<ExitCode> => {
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
  const turnedAway = turnedAwayOf(file, filter);
  const columns = process.stdout.isTTY ? process.stdout.columns : 80;
  // This comes before finwait gives its rights up: it asks the processes of all users.
  const open = isLive && socket !== undefined ? await readOpenSockets(socket, filter, options.limit) : null;
  const report =
    options.json === true
      ? createExplanationNdjson(output, told, open)
      : createExplanationText(output, told, columns, socket !== undefined);
  const sinks: readonly Sink[] = [
    ...(isLive ? [watching(duration)] : []),
    ...(open === null || options.json === true ? [] : [tellOpen(open, output, columns)]),
    ...(socket === undefined ? [] : [refuseNone(open)]),
    report,
    // With --socket the answer itself says whether the socket was seen.
    ...(socket === undefined ? [createUnmatchedWords(turnedAway)] : []),
    createWords(!isLive),
  ];
  return runStream(source, sinks, {
    signal: AbortSignal.any([untilSignalled(), output.closed]),
    isStrict: options.strict === true,
    isWanted: (path) => turnedAway.see(path.dying_us, () => subjectOfPath(path)) && (socket?.isRow(path) ?? true),
  });
};

const watching = (duration: number): Sink => ({
  begin: () => tell(`watching for ${settingTime(duration)}; Ctrl+C ends it early, with what there is`),
});

/**
 * The sockets that `--socket` names and that are not dying. Null where it names one by its `sk`.
 *
 * @param limit - sockets told
 */
const readOpenSockets = async (
  { isOpen }: SocketArgument,
  filter: PathFilter,
  limit: number,
): Promise<OpenReading | null> => {
  if (isOpen === null) return null;
  const { findOpenSockets } = await import('../capture/sockets/open-sockets.ts');
  const at = new Date().toISOString().replace('Z', '000000Z');
  const found = await findOpenSockets(
    (sock, netns) =>
      isOpen(sock) &&
      accepts(filter, null, () => ({
        ...sock,
        netns,
        closer: null,
        wasIn: (state) => state === stateName(sock.state),
      })),
    limit,
  );
  return { ...found, at };
};

/** Tells of them as soon as the watch begins: what was read does not change by it. A blank line parts it from rows. */
const tellOpen = (open: OpenReading, output: Output, columns: number): Sink => {
  let hasRows = false;
  const see = (): void => {
    hasRows = true;
  };
  return {
    begin: () => {
      for (const line of openSocketsLines(open, columns)) output.line(line);
    },
    path: see,
    dying: see,
    finish: () => {
      if (hasRows && open.sockets.length > 0) output.line(safe``);
    },
  };
};

/** An answer about a socket that was not seen would be empty. */
const refuseNone = (open: OpenReading | null): Sink => {
  let isSeen = (open?.sockets.length ?? 0) > 0;
  const see = (): void => {
    isSeen = true;
  };
  return {
    path: see,
    dying: see,
    finish: () => {
      if (isSeen) return;
      throw new Fault('no such socket died or was dying in this time', {
        why: whyNone(open),
        remedy: "look for it with 'finwait trace', or watch longer with --duration",
        exitCode: EXIT.failed,
      });
    },
  };
};

const whyNone = (open: OpenReading | null): string => {
  const known = 'finwait knows sockets from their close on, and only those that pass the filters';
  if (open === null) return known;
  const missed = open.notes.length === 0 ? '' : ` among those that could be looked at (${open.notes.join('; ')})`;
  return `${known}; when it began, none that was open had this address and port${missed}`;
};
