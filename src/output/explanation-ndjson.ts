import { abnormalRecord } from '../stream/records/abnormal.ts';
import { tallyRecord } from '../stream/records/tally.ts';
import type { Sink } from '../stream/sink.ts';
import { explanationRecord } from './explain/explanation-record.ts';
import { createExplanation, type ExplanationOptions } from './explanation.ts';
import { type OpenReading, openSocketRecord } from './open-socket-record.ts';
import type { Output } from './stdout.ts';

/**
 * `explain --json`: the report in one record, then the host, the single sockets, the tallies and the ledger.
 *
 * @param open - sockets that were asked for and are not dying
 */
export const createExplanationNdjson = (
  output: Output,
  options: ExplanationOptions,
  open: OpenReading | null,
): Sink => ({
  ...createExplanation(options, ({ meta, report, host, tallied, ledger }) => {
    if (output.closed.aborted) return;
    const hosts = host === null ? [] : [host];
    for (const record of [
      meta,
      explanationRecord(report),
      ...hosts,
      ...report.sockets,
      ...(open === null ? [] : open.sockets.map((each) => openSocketRecord(each, open))),
      ...tallied.map(tallyRecord),
      ...report.abnormal.map(abnormalRecord),
      ledger,
    ]) {
      output.record(record);
    }
  }),
  end: output.flush,
});
