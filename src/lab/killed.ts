import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { Fault } from '../kernel/fault.ts';

const NOTES = '/run/finwait-lab';

/**
 * Undoes what a lab left that was killed together with its worker: sysctls of the whole machine, and namespaces. Any
 * command calls it at its start. If no lab left anything, it costs one look at a name. Only root can, and only root
 * does.
 *
 * @returns a word for the user where there was something to undo, else null. Never throws
 */
export const undoKilledLab = async (): Promise<string | null> => {
  if (process.geteuid?.() !== 0 || !isLeft()) return null;
  const why = await cleanedUp();
  if (why !== null) return `what a killed lab left could not be undone: ${why}`;
  return isLeft()
    ? 'not all that a killed lab left is undone: another finwait is at it, or its sysctls cannot be set from here'
    : 'a lab had been killed together with its worker: what it left is undone';
};

const cleanedUp = async (): Promise<string | null> => {
  const [{ cleanUp }, { checkLab }] = await Promise.all([import('./worker.ts'), import('./checks.ts')]);
  try {
    return await cleanUp(checkLab());
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
};

/** True if there is a note of a run that is no more. The process of a run that lives is a worker of the lab. */
const isLeft = (): boolean => {
  const found = lstatSync(NOTES, { throwIfNoEntry: false });
  if (found === undefined) return false;
  // The lab does not make it so: the worker says what is wrong.
  if (!found.isDirectory() || found.uid !== 0) return true;
  try {
    return readdirSync(NOTES).some((name) => /^run-\d+$/.test(name) && !isWorker(name.slice('run-'.length)));
  } catch {
    // The note has gone meanwhile.
    return false;
  }
};

const isWorker = (pid: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('worker.py');
  } catch {
    return false;
  }
};
