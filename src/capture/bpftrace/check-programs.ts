import { findProgram } from '../../programs/find.ts';

/** All that a capture runs, where it is there. */
const PROGRAMS = ['bpftrace', 'setpriv', 'ss', 'nsenter', 'cat', 'stat'];

/**
 * Looks for each program before the first one runs. The process that the user started does this too: its reader runs in
 * another directory, where a relative entry of PATH is another place.
 *
 * @throws Fault (exit 3) for a program that somebody other than root can exchange
 */
export const checkPrograms = (): void => {
  for (const name of PROGRAMS) findProgram(name);
};
