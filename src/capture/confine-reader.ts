import { findProgram } from '../programs/find.ts';
import { succeeds } from '../programs/start-own.ts';
import type { Confinement } from './confine.ts';
import { keeping, READER_KEPT } from './kept-rights.ts';

/**
 * How finwait's own reader is confined: as far as setpriv can do it here, found out by trying.
 *
 * @throws Fault (exit 3) when the setpriv on PATH may be somebody else's
 */
export const findReaderConfinement = (): Confinement => {
  const setpriv = findProgram('setpriv');
  if (setpriv === null) return { command: [], lacks: 'setpriv was not found' };
  const flags = keeping(READER_KEPT);
  if (process.geteuid?.() === 0 && succeeds(setpriv, [...flags, setpriv, '--version'])) {
    return { command: [setpriv, ...flags], lacks: null };
  }
  return { command: [], lacks: 'setpriv cannot take capabilities here' };
};
