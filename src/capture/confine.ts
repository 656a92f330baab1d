import { findProgram } from '../programs/find.ts';
import { startProgram } from '../programs/start.ts';
import { KEPT, keeping } from './kept-rights.ts';

const TRIAL_MS = 5000;

const WITH_US = ['--pdeathsig', 'KILL'];
const NO_NEW = [...WITH_US, '--no-new-privs'];
const KEEPING = [...WITH_US, ...keeping(KEPT)];

/** How much of what bpftrace is held to can be had here, the most first. */
type Level = { readonly flags: readonly string[]; readonly lacks: string | null };
const LEVELS: readonly Level[] = [
  { flags: KEEPING, lacks: null },
  { flags: NO_NEW, lacks: `bpftrace keeps every capability of finwait's, since setpriv cannot take them here` },
  {
    flags: WITH_US,
    lacks: 'bpftrace keeps every right of finwait and may gain more, since setpriv cannot take them here',
  },
];

/** How a program is confined on this machine. */
export type Confinement = {
  /** What stands before the program's own command; empty where there is no setpriv to do it. */
  readonly command: readonly string[];
  /** What of it cannot be had here; null where it is whole. */
  readonly lacks: string | null;
};

/**
 * Finds out, by trying, what setpriv can do: older ones do not know all capabilities by name, busybox's has other options,
 * and a container may forbid to drop any.
 *
 * @throws Fault (exit 3) when the setpriv on PATH may be somebody else's
 */
export const findConfinement = async (): Promise<Confinement> => {
  const setpriv = findProgram('setpriv');
  if (setpriv === null) return { command: [], lacks: 'setpriv was not found' };
  for (const { flags, lacks } of LEVELS) {
    // Who is not root has its rights from ambient capabilities, which go with the inheritable ones.
    if (flags === KEEPING && process.geteuid?.() !== 0) continue;
    if (await works(setpriv, flags)) return { command: [setpriv, ...flags], lacks };
  }
  return { command: [], lacks: `${setpriv} has no --pdeathsig` };
};

/** What has the kernel end a program with us, with all its rights; empty where nothing can. */
export const withUs = async (): Promise<readonly string[]> => {
  const setpriv = findProgram('setpriv');
  return setpriv !== null && (await works(setpriv, WITH_US)) ? [setpriv, ...WITH_US] : [];
};

const works = async (setpriv: string, flags: readonly string[]): Promise<boolean> => {
  const trial = await startProgram(setpriv, [...flags, setpriv, '--version'], {
    reject: false,
    timeout: TRIAL_MS,
    stdin: 'ignore',
  });
  return trial.exitCode === 0;
};
