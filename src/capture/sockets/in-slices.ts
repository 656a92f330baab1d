import { setImmediate } from 'node:timers/promises';

const SLICE = 500;

/** Calls a function for each line of a long text. The event loop turns in between, since it also reads bpftrace. */
export const inSlices = async (text: string, take: (line: string) => void): Promise<void> => {
  let count = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    take(text.slice(start, end));
    start = end + 1;
    if (++count % SLICE === 0) await setImmediate();
  }
};
