import { CAUSES } from '../explain/causes/order.ts';
import { createReport, type ReportFold } from '../explain/report/create-report.ts';
import { hostStateOf } from '../explain/report/host-state.ts';
import type { Grouping, Report, Row } from '../explain/report/report.ts';
import { talliedDeaths } from '../explain/tally.ts';
import { EXIT, type ExitCode, Fault } from '../kernel/fault.ts';
import { causeLines, indexLines } from '../views/explain/cause-lines.ts';
import { causeRecord } from '../views/explain/cause-record.ts';
import { explanationRecord } from '../views/explain/explanation-record.ts';
import { reportLines, socketReportLines } from '../views/explain/report-lines.ts';
import { NO_FILTER, passes } from '../views/filter.ts';
import { hostRecord } from '../views/host-record.ts';
import { ledgerRecord } from '../views/ledger-record.ts';
import { tallyRecord } from '../views/tally-record.ts';
import { asciiJson } from '../wire/ascii-json.ts';
import type { Meta } from '../wire/meta.ts';
import { filterOf, minAgeOf, type SharedOptions } from './arguments.ts';
import { createFold, type Fold } from './fold.ts';
import { tell, tellFault, tellRecorded } from './messages.ts';
import { createOutput, type Output } from './output.ts';
import type { SocketPredicate } from './socket-argument.ts';
import { runLive, runRecording, untilSignalled } from './source.ts';
import { lossOf } from './trace.ts';

export type ExplainOptions = SharedOptions & {
  readonly by: Grouping;
  readonly limit: number;
  readonly socket?: SocketPredicate;
  readonly json?: boolean;
};

/** How long a live run watches unless told, ms. */
const DURATION_MS = 10_000;

/** `finwait explain [FILE]`: why sockets were orphaned, live for a while or over a whole recording. */
export const explain = async (file: string | undefined, options: ExplainOptions): Promise<ExitCode> => {
  const filter = filterOf(options);
  const isWanted = (row: Row): boolean => passes(row, filter) && (options.socket?.(row) ?? true);
  const output = createOutput();
  const signal = AbortSignal.any([untilSignalled(), output.closed]);
  const report = createReport({ by: options.by, limit: options.limit });
  const duration = options.duration ?? DURATION_MS;
  let meta: Meta | null = null;
  let fold: Fold | null = null;

  const add = (row: Row | null): void => {
    if (row !== null && isWanted(row)) report.add(row);
  };
  const consumer = {
    onMeta: (given: Meta): void => {
      meta = given;
      const made: Fold = createFold(given, {
        onEnd: (sock) => add(made.describe(sock)),
        onLedger: () => undefined,
        onNotice: (text, at) => (file === undefined ? tell(text) : tellRecorded(text, made.wallClock(at))),
      });
      fold = made;
      if (file === undefined) tell(`watching for ${duration / 1000} s; Ctrl+C ends it early, with what there is`);
    },
    onLine: (line: string): void => fold?.push(line),
    isInDoubt: () => fold?.isInDoubt() ?? false,
    onEnd: async (): Promise<void> => {
      if (fold === null) return;
      fold.end();
      for (const dying of fold.describeDying()) add(dying);
    },
  };
  const end =
    file === undefined
      ? await runLive({ ...options, duration }, minAgeOf(options), consumer, signal)
      : await runRecording(file, consumer, signal);
  if (fold !== null && meta !== null && !output.closed.aborted) {
    const isFiltered = filter !== NO_FILTER || options.socket !== undefined;
    show(output, options, meta, fold, reported(report, meta, fold, isFiltered, end.isCut));
  }
  await output.flush();
  if (end.fault !== null) {
    tellFault(end.fault);
    return end.fault.exitCode;
  }
  return lossOf(fold) && options.strict === true ? EXIT.lost : EXIT.done;
};

/** Ends a report with what a fold knows beside the rows that were added to it. */
export const reported = (report: ReportFold, meta: Meta, fold: Fold, isFiltered: boolean, isCut: boolean): Report => {
  const until = fold.wallClock(fold.tracker.now());
  return report.end({
    hostName: meta.host,
    netns: meta.netns,
    from: meta.started_at,
    until: until === '' ? null : until,
    ledger: fold.tracker.ledger(),
    counters: fold.tracker.counters(),
    host: hostStateOf(fold.tracker.host(), fold.tracker.kernelLog(), fold.wallClock),
    isFiltered,
    isCut,
  });
};

/** @throws Fault when no socket is the one that was asked for */
const show = (output: Output, options: ExplainOptions, meta: Meta, fold: Fold, report: Report): void => {
  if (options.socket !== undefined && report.sockets.length === 0) {
    throw new Fault('no such socket died or was dying in this time', {
      why: 'finwait knows sockets from their close on, and only those that pass the filters',
      remedy: "look for it with 'finwait trace', or watch longer with --duration",
      exitCode: EXIT.failed,
    });
  }
  const tallied = talliedDeaths(fold.tracker.tallies());
  if (options.json === true) {
    const { tracker } = fold;
    const ledger = tracker.ledger();
    const last = ledgerRecord(ledger, tracker.counters(), fold.wallClock(ledger.at));
    const seen = tracker.host();
    const host = seen === null ? [] : [hostRecord(seen, tracker.kernelLog(), fold.wallClock)];
    for (const record of [
      meta,
      explanationRecord(report),
      ...host,
      ...report.sockets,
      ...tallied.map(tallyRecord),
      last,
    ]) {
      output.line(asciiJson(record));
    }
    return;
  }
  const columns = process.stdout.isTTY ? process.stdout.columns : 80;
  const lines =
    options.socket === undefined ? reportLines(report, columns, tallied) : socketReportLines(report, columns);
  for (const line of lines) output.line(line);
};

/** `finwait explain --list [CAUSE]`: what is known of the causes; needs neither root nor bpftrace. */
export const listCauses = async (cause: string | null, isJson: boolean): Promise<ExitCode> => {
  const output = createOutput();
  const causes = CAUSES.filter(({ name }) => cause === null || name === cause);
  const columns = process.stdout.isTTY ? process.stdout.columns : 80;
  const hasIndex = !isJson && cause === null;
  if (hasIndex) for (const line of indexLines(causes, columns)) output.line(line);
  causes.forEach((each, index) => {
    if (isJson) output.line(asciiJson(causeRecord(each)));
    else
      for (const line of [...(index === 0 && !hasIndex ? [] : ['']), ...causeLines(each, columns)]) output.line(line);
  });
  await output.flush();
  return EXIT.done;
};
