import { tallyRecord } from '../stream/records/tally.ts';
import type { Sink } from '../stream/sink.ts';
import type { Output } from './stdout.ts';

/** `trace --json`: one object a line, as docs/json.md has them. */
export const createTraceNdjson = (output: Output): Sink => {
  const line = (record: object): void => output.line(JSON.stringify(record));
  return {
    begin: ({ meta }) => line(meta),
    path: line,
    tally: (deaths) => line(tallyRecord(deaths)),
    ledger: line,
    end: output.flush,
  };
};
