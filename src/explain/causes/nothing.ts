import { TCP } from '../../kernel/tcp-state.ts';
import type { WaitingWord } from './cause.ts';

/** No cause and no page: a socket in CLOSE goes with its last reference, and waits for nobody. */
export const nothing: WaitingWord<'nothing'> = {
  name: 'nothing',
  cell: null,
  help: 'nothing; it is destroyed in the same breath',
  side: 'unknown',
  question: ({ state }) => state === TCP.CLOSE,
  evidence: () => ({ because: 'in CLOSE: it goes with its last reference' }),
};
