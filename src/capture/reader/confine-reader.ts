import { findProgram, needProgram } from '../../programs/find.ts';
import { outputOf } from '../../programs/start-own.ts';
import type { Confinement } from '../bpftrace/confine.ts';
import { isBound, keeping, keepsNoMore, READER_KEPT } from '../bpftrace/kept-rights.ts';

/**
 * The confinement of finwait's own reader: as far as setpriv can do it here, found out by trying.
 *
 * @throws Fault (exit 3) when the setpriv on PATH may be somebody else's
 */
export const findReaderConfinement = (): Confinement => {
  const setpriv = findProgram('setpriv');
  if (setpriv === null) return { command: [], lacks: 'setpriv was not found' };
  const flags = keeping(READER_KEPT);
  // A user other than root has rights from ambient capabilities, which go with the inheritable ones.
  const status =
    process.geteuid?.() === 0 ? outputOf(setpriv, [...flags, needProgram('cat'), '/proc/self/status']) : null;
  if (status !== null && isBound(status) && keepsNoMore(status, READER_KEPT)) {
    return { command: [setpriv, ...flags], lacks: null };
  }
  return { command: [], lacks: 'setpriv cannot take capabilities here' };
};
