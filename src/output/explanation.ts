import { createReport } from '../explain/report/create-report.ts';
import { hostStateOf } from '../explain/report/host-state.ts';
import type { Grouping, Report } from '../explain/report/report.ts';
import type { TalliedDeaths } from '../explain/tally.ts';
import type { HostRecord } from '../stream/records/host.ts';
import type { LedgerRecord } from '../stream/records/ledger.ts';
import type { Sink } from '../stream/sink.ts';
import type { Stream } from '../stream/stream.ts';

/** Everything that `explain` tells, once no more lines come. */
export type Explanation = {
  readonly meta: Stream['meta'];
  readonly report: Report;
  /** Null where the host's facts were not recorded. */
  readonly host: HostRecord | null;
  readonly tallied: readonly TalliedDeaths[];
  readonly ledger: LedgerRecord;
};

export type ExplanationOptions = {
  readonly by: Grouping;
  /** Single sockets told. */
  readonly limit: number;
  /** True if rows were left out by a filter. */
  readonly isFiltered: boolean;
};

/** Gathers a stream into a report, and hands it to `tell` when the stream has ended. */
export const createExplanation = (
  options: ExplanationOptions,
  tell: (explanation: Explanation) => void,
): Required<Pick<Sink, 'begin' | 'path' | 'dying' | 'tally' | 'host' | 'ledger' | 'finish'>> => {
  const report = createReport({ by: options.by, limit: options.limit });
  const tallied: TalliedDeaths[] = [];
  let stream: Stream | null = null;
  let host: HostRecord | null = null;
  let ledger: LedgerRecord | null = null;
  return {
    begin: (given) => {
      stream = given;
    },
    path: report.add,
    dying: report.add,
    tally: (deaths) => tallied.push(deaths),
    host: (record) => {
      host = record;
    },
    ledger: (record) => {
      ledger = record;
    },
    finish: ({ isCut }) => {
      if (stream === null || ledger === null) return;
      tell({ meta: stream.meta, report: endReport(stream, report, options.isFiltered, isCut), host, tallied, ledger });
    },
  };
};

/** Completes a report with the facts of the stream that are not in its rows. */
export const endReport = (
  { meta, tracker, wallClock, abnormal }: Stream,
  report: ReturnType<typeof createReport>,
  isFiltered: boolean,
  isCut: boolean,
): Report => {
  const until = wallClock(tracker.now());
  return report.end({
    hostName: meta.host,
    netns: meta.netns,
    from: meta.started_at,
    until: until === '' ? null : until,
    ledger: tracker.ledger(),
    counters: tracker.counters(),
    abnormal: abnormal(),
    host: hostStateOf(tracker.host(), tracker.kernelLog(), wallClock),
    isFiltered,
    isCut,
  });
};
