import { tallyRecord } from '../stream/records/tally.ts';
import type { Sink } from '../stream/sink.ts';
import { flowOf, type Output } from './stdout.ts';

/** `trace --json`: one object a line, as docs/json.md has them. */
export const createTraceNdjson = (output: Output): Sink => ({
  begin: ({ meta }) => output.record(meta),
  path: output.record,
  tally: (deaths) => output.record(tallyRecord(deaths)),
  ledger: output.record,
  ...flowOf(output),
});
