import type { Sink } from '../stream/sink.ts';
import { tell, tellFault, tellRecorded } from './stderr.ts';

/**
 * What a run has to say beside its data, on stderr: notices, progress, and at last the fault that ended it.
 *
 * @param isRecorded - notices are then of the time when the recording was made, and say so
 */
export const createWords = (isRecorded: boolean): Required<Pick<Sink, 'progress' | 'notice' | 'end'>> => ({
  progress: tell,
  notice: (text, at) => (isRecorded ? tellRecorded(text, at) : tell(text)),
  end: async ({ fault }) => {
    if (fault !== null) tellFault(fault);
  },
});
