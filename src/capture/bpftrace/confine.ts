import { findProgram, needProgram } from '../../programs/find.ts';
import { startProgram } from '../../programs/start.ts';
import { isBound, KEPT, keeping, keepsNoMore } from './kept-rights.ts';

const TRIAL_MS = 5000;

const WITH_US = ['--pdeathsig', 'KILL'];
const NO_NEW = [...WITH_US, '--no-new-privs'];
const KEEPING = [...WITH_US, ...keeping(KEPT)];

type Level = {
  readonly flags: readonly string[];
  /** True if a process has what the flags ask for. @param status - its /proc/PID/status */
  readonly holds: (status: string) => boolean;
  readonly lacks: string | null;
};

/** The degrees to which bpftrace can be confined, the tightest first. */
const LEVELS: readonly Level[] = [
  { flags: KEEPING, holds: (status) => isBound(status) && keepsNoMore(status, KEPT), lacks: null },
  {
    flags: NO_NEW,
    holds: isBound,
    lacks: 'bpftrace keeps every capability that finwait has: setpriv cannot take them here',
  },
  {
    flags: WITH_US,
    holds: () => true,
    lacks: 'bpftrace keeps every right that finwait has, and may gain more: setpriv cannot take them here',
  },
];

/** The way in which a program is confined on this machine. */
export type Confinement = {
  /** The words that stand before the program's own command; empty where there is no setpriv to do it. */
  readonly command: readonly string[];
  /** The part of the confinement that cannot be had here; null where it is whole. */
  readonly lacks: string | null;
};

/**
 * Finds out, by trying, what setpriv can do: older ones do not know all capabilities by name, busybox's has other options,
 * and where finwait may not drop capabilities it says nothing and drops none.
 *
 * @throws Fault (exit 3) when the setpriv on PATH may be somebody else's
 */
export const findConfinement = async (): Promise<Confinement> => {
  const setpriv = findProgram('setpriv');
  if (setpriv === null) return { command: [], lacks: 'setpriv was not found' };
  for (const { flags, holds, lacks } of LEVELS) {
    // A user other than root has rights from ambient capabilities, which go with the inheritable ones.
    if (flags === KEEPING && process.geteuid?.() !== 0) continue;
    const status = await statusWith(setpriv, flags);
    if (status !== null && holds(status)) return { command: [setpriv, ...flags], lacks };
  }
  return { command: [], lacks: `${setpriv} has no --pdeathsig` };
};

/** The command that has the kernel end a program with us, with all its rights; empty where nothing can. */
export const withUs = async (): Promise<readonly string[]> => {
  const setpriv = findProgram('setpriv');
  return setpriv !== null && (await statusWith(setpriv, WITH_US)) !== null ? [setpriv, ...WITH_US] : [];
};

/** /proc/PID/status of a program that setpriv started; null where it did not. */
const statusWith = async (setpriv: string, flags: readonly string[]): Promise<string | null> => {
  const trial = await startProgram(setpriv, [...flags, needProgram('cat'), '/proc/self/status'], {
    reject: false,
    timeout: TRIAL_MS,
    stdin: 'ignore',
  });
  return trial.exitCode === 0 ? trial.stdout : null;
};
