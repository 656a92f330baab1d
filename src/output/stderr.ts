import type { Fault } from '../kernel/fault.ts';
import { timeOfDay } from '../text/moment.ts';
import { printable } from '../text/printable.ts';

// A reader of stderr that has gone, as in `2>&1 | head`, is no reason to end in a stack trace.
process.stderr.on('error', () => undefined);

/** Text of several lines, harmless whatever is in it. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** A word to the user, on stderr, harmless whatever is in it. */
export const tell = (text: string): void => {
  process.stderr.write(`finwait: ${printable(text)}\n`);
};

/** A fault in its three lines: what failed, why it matters, what to try. */
export const tellFault = (fault: Fault): void => {
  tell(fault.message);
  process.stderr.write(`  why: ${printable(fault.why)}\n  try: ${printable(fault.remedy)}\n`);
};

/** The same for what a recording says of the time when it was made, `at` RFC 3339. */
export const tellRecorded = (text: string, at: string): void => tell(`in the recording, ${timeOfDay(at)} UTC: ${text}`);
