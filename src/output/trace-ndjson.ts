import { tallyRecord } from '../stream/records/tally.ts';
import type { Sink } from '../stream/sink.ts';
import { asciiJson } from '../wire/ascii-json.ts';
import { flowOf, type Output } from './stdout.ts';

/** `trace --json`: one object a line, as docs/json.md has them. */
export const createTraceNdjson = (output: Output): Sink => {
  const line = (record: object): void => output.line(asciiJson(record));
  return {
    begin: ({ meta }) => line(meta),
    path: line,
    tally: (deaths) => line(tallyRecord(deaths)),
    ledger: line,
    ...flowOf(output),
  };
};
