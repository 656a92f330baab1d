import type { Sink } from '../stream/sink.ts';
import { reportLines, socketReportLines } from './explain/report-lines.ts';
import { createExplanation, type ExplanationOptions } from './explanation.ts';
import type { Output } from './stdout.ts';

/**
 * `explain` for people.
 *
 * @param columns - of the terminal
 * @param isOfSockets - tells all of the sockets that were asked for, and nothing of the others
 */
export const createExplanationText = (
  output: Output,
  options: ExplanationOptions,
  columns: number,
  isOfSockets: boolean,
): Sink => ({
  ...createExplanation(options, ({ report, tallied }) => {
    if (output.closed.aborted) return;
    const lines = isOfSockets ? socketReportLines(report, columns) : reportLines(report, columns, tallied);
    for (const line of lines) output.line(line);
  }),
  end: output.flush,
});
