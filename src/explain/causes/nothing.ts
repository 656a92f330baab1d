import { TCP } from '../../kernel/tcp-state.ts';
import type { WaitingWord } from './cause.ts';

/** Neither a cause nor a page: a socket in CLOSE waits for nobody and goes with its last reference. */
export const nothing: WaitingWord<'nothing'> = {
  name: 'nothing',
  cell: null,
  help: 'nothing; it is destroyed in the same breath',
  side: 'unknown',
  question: ({ state }) => state === TCP.CLOSE,
  evidence: () => ({ because: 'in CLOSE: it goes with its last reference' }),
};
