import type { Sink } from '../stream/sink.ts';
import { tell, tellFault, tellRecorded } from './stderr.ts';

/**
 * The stderr of a run: notices, progress, and at last the fault that ended it.
 *
 * @param isRecorded - notices are of the time of recording, and say so
 */
export const createWords = (isRecorded: boolean): Required<Pick<Sink, 'progress' | 'notice' | 'end'>> => ({
  progress: tell,
  notice: (text, at) => (isRecorded ? tellRecorded(text, at) : tell(text)),
  end: async ({ fault }) => {
    if (fault !== null) tellFault(fault);
  },
});
