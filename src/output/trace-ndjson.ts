import { abnormalRecord } from '../stream/records/abnormal.ts';
import { tallyRecord } from '../stream/records/tally.ts';
import type { Sink } from '../stream/sink.ts';
import { flowOf, type Output } from './stdout.ts';

/** `trace --json`: one object a line, as docs/json.md has them. */
export const createTraceNdjson = (output: Output): Sink => ({
  begin: ({ meta }) => output.record(meta),
  path: output.record,
  tally: (deaths) => output.record(tallyRecord(deaths)),
  abnormal: (deaths) => output.record(abnormalRecord(deaths)),
  ledger: output.record,
  ...flowOf(output),
});
