import type { ClosePath } from '../explain/close-path.ts';
import { talliedDeaths } from '../explain/tally.ts';
import { EXIT, type ExitCode } from '../kernel/fault.ts';
import { passes } from '../views/filter.ts';
import { ledgerRecord } from '../views/ledger-record.ts';
import { tallyRecord } from '../views/tally-record.ts';
import { traceHeading, traceLine } from '../views/trace-line.ts';
import { asciiJson } from '../wire/ascii-json.ts';
import { filterOf, type SharedOptions } from './arguments.ts';
import { createFold, type Fold } from './fold.ts';
import { tell, tellFault, tellRecorded } from './messages.ts';
import { createOutput } from './output.ts';
import { runLive, runRecording, untilSignalled } from './source.ts';

export type TraceOptions = SharedOptions & { readonly json?: boolean; readonly time?: boolean };

/** `finwait trace [FILE]`: a line for each finished close path, live or of a recording. */
export const trace = async (file: string | undefined, options: TraceOptions): Promise<ExitCode> => {
  const filter = filterOf(options);
  const isJson = options.json === true;
  const withTime = options.time === true;
  const output = createOutput();
  const signal = AbortSignal.any([untilSignalled(), output.closed]);
  let fold: Fold | null = null;

  const ledgerLine = (row: ReturnType<Fold['tracker']['ledger']>, on: Fold): string =>
    asciiJson(ledgerRecord(row, on.tracker.counters(), on.wallClock(row.at)));

  const show = (path: ClosePath | null): void => {
    if (path !== null && passes(path, filter)) output.line(isJson ? asciiJson(path) : traceLine(path, withTime));
  };

  const consumer = {
    onMeta: (meta: Parameters<typeof createFold>[0]): void => {
      if (isJson) output.line(asciiJson(meta));
      else output.line(traceHeading(withTime));
      const made: Fold = createFold(meta, {
        onEnd: (sock) => show(made.describe(sock)),
        onLedger: (row) => {
          if (isJson) output.line(ledgerLine(row, made));
        },
        onNotice: (text, at) => (file === undefined ? tell(text) : tellRecorded(text, made.wallClock(at))),
      });
      fold = made;
    },
    onLine: (line: string): void => fold?.push(line),
    isInDoubt: () => fold?.isInDoubt() ?? false,
    room: output.room,
    onEnd: async (): Promise<void> => {
      if (fold === null) return;
      fold.end();
      for (const path of fold.describeRemaining()) {
        if (output.closed.aborted) return;
        show(path);
        await output.room();
      }
      if (output.closed.aborted) return;
      if (!isJson) return;
      for (const deaths of talliedDeaths(fold.tracker.tallies())) output.line(asciiJson(tallyRecord(deaths)));
      output.line(ledgerLine(fold.tracker.ledger(), fold));
    },
  };
  const end =
    file === undefined
      ? await runLive(options, options.minAge ?? 0, consumer, signal)
      : await runRecording(file, consumer, signal);
  await output.flush();
  if (fold !== null && !isJson && !output.closed.aborted) tell(summary(fold));
  if (end.fault !== null) {
    tellFault(end.fault);
    return end.fault.exitCode;
  }
  return lossOf(fold) && options.strict === true ? EXIT.lost : EXIT.done;
};

/** Whether anything that should have been counted was not. */
export const lossOf = (fold: Fold | null): boolean => {
  const counters = fold?.tracker.counters();
  return counters !== undefined && counters.lostEvents + counters.malformed > 0;
};

const summary = (fold: Fold): string => {
  const row = fold.tracker.ledger();
  const counters = fold.tracker.counters();
  const kernel = row.kernelOrphans === null ? 'unknown' : String(row.kernelOrphans);
  const fast = counters.tallied === 0 ? '' : ` (${counters.tallied} fast deaths in both, counted in the kernel)`;
  return `${row.entries} orphan entries, ${row.exits} exits${fast}; ${row.orphans ?? 'unknown'} orphans now, the kernel counted ${kernel}; ${counters.lostEvents} events lost, ${counters.lateEvents} late, ${counters.malformed} malformed lines`;
};
