import { fileURLToPath } from 'node:url';
import { READER_KEPT } from '../capture/bpftrace/kept-rights.ts';
import type { Check } from '../capture/checks.ts';
import { findReaderConfinement } from '../capture/reader/confine-reader.ts';
import { Fault } from '../kernel/fault.ts';
import { distrust } from '../programs/trust.ts';
import { userToBecome } from './drop-root.ts';

/** finwait's own rights while it traces, and the rights of root that its reader keeps. Never throws. */
export const checksOfRights = (): readonly Check[] => (process.geteuid?.() === 0 ? [rightsKept(), ownFiles()] : []);

const rightsKept = (): Check => {
  const user = userToBecome();
  if (user === null) {
    return {
      name: 'rights kept',
      state: 'ok',
      detail: 'finwait stays root: nobody called sudo whom it could become; bpftrace keeps less',
      fix: null,
    };
  }
  const finwait = `finwait itself becomes uid ${user.uid}, who called sudo`;
  try {
    const { lacks } = findReaderConfinement();
    return {
      name: 'rights kept',
      state: lacks === null ? 'ok' : 'limited',
      detail:
        lacks === null
          ? `${finwait}; its reader can gain no rights, and keeps ${READER_KEPT.join(', ')} alone`
          : `${finwait}; its reader keeps every right of root: ${lacks}`,
      fix: null,
    };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { name: 'rights kept', state: 'limited', detail: `${finwait}; ${error.message}`, fix: error.remedy };
  }
};

/** Root runs these: Node and finwait. */
const ownFiles = (): Check => {
  const flaw = distrust(process.execPath, [0]) ?? distrust(fileURLToPath(import.meta.url), [0]);
  return {
    name: 'own files',
    state: flaw === null ? 'ok' : 'limited',
    detail: flaw === null ? "Node and finwait are root's alone" : `root runs what another user can change: ${flaw}`,
    fix:
      flaw === null
        ? null
        : 'install finwait as root: npm pack, then sudo npm install --global FILE (docs/security.md)',
  };
};
