import { findProgram } from '../programs/find.ts';

/** Programs that a capture runs, where they are there. */
const PROGRAMS = ['bpftrace', 'ss', 'nsenter', 'cat'];

/**
 * Asks for all of them now, so that one that may be somebody else's is told of while the user looks on.
 *
 * @throws Fault (exit 3) when one is found that somebody other than root can choose
 */
export const checkPrograms = (): void => {
  for (const name of PROGRAMS) findProgram(name);
};
