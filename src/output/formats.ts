import type { Sink } from '../stream/sink.ts';
import type { Output } from './stdout.ts';

/** A way to write close paths. Each stands in a file of its own, which is loaded when somebody asks for it. */
export type Format = {
  readonly help: string;
  readonly open: (output: Output) => Promise<Sink>;
};

/** The formats of `finwait export --to`: one row each. */
export const FORMATS: Readonly<Record<string, Format>> = {
  ndjson: {
    help: 'one JSON object a line: close paths, tallies, the ledger',
    open: async (output) => (await import('./trace-ndjson.ts')).createTraceNdjson(output),
  },
  csv: {
    help: 'one row a close path',
    open: async (output) => (await import('./close-paths-csv.ts')).createClosePathsCsv(output),
  },
};
