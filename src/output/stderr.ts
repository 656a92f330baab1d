import type { Fault } from '../kernel/fault.ts';
import { timeOfDay } from '../text/moment.ts';
import { printable } from '../text/printable.ts';

// When the reader of stderr goes away, as in `2>&1 | head`, finwait must not end in a stack trace.
process.stderr.on('error', () => undefined);

/** A text of several lines, made harmless. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** A notice to the user, on stderr, made harmless. */
export const tell = (text: string): void => {
  process.stderr.write(`finwait: ${printable(text)}\n`);
};

/** A fault in its three lines: what failed, why it matters, one command to try. */
export const tellFault = (fault: Fault): void => {
  tell(fault.message);
  process.stderr.write(`  why: ${printable(fault.why)}\n  try: ${printable(fault.remedy)}\n`);
};

/** Tells a fault in a recording, with the time of recording: `at`, RFC 3339. */
export const tellRecorded = (text: string, at: string): void => tell(`in the recording, ${timeOfDay(at)} UTC: ${text}`);
