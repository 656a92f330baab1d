import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { EXIT, Fault } from '../kernel/fault.ts';
import { distrust } from './trust.ts';

/** The folders in which a distribution keeps its programs: finwait's children have them for PATH. */
export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The path of a program: the first of its name on PATH, as a shell would take it.
 *
 * @param name - without a slash
 * @returns null where there is none
 * @throws Fault (exit 3) when somebody other than root can choose what would run: the next one on PATH is not taken in
 *   its place, since whoever put this one there is worth knowing about
 */
export const findProgram = (name: string): string | null => {
  for (const dir of (process.env.PATH ?? SYSTEM_PATH).split(delimiter)) {
    const path = join(dir === '' ? '.' : dir, name);
    if (!isExecutable(path)) continue;
    if (!isAbsolute(dir)) {
      throw untrusted(
        path,
        `PATH has ${dir === '' ? 'an empty entry' : `the relative entry ${dir}`}: it is another place in each directory`,
      );
    }
    const flaw = distrust(path);
    if (flaw !== null) throw untrusted(path, flaw);
    return path;
  }
  return null;
};

/** Finds a program likewise. @throws Fault (exit 3) also when there is none */
export const needProgram = (name: string): string => {
  const path = findProgram(name);
  if (path !== null) return path;
  throw new Fault(`${name} was not found`, {
    why: 'finwait runs it to look at this machine',
    remedy: 'finwait doctor',
    exitCode: EXIT.cannotTrace,
  });
};

const untrusted = (path: string, flaw: string): Fault =>
  new Fault(`${path} is not run: somebody other than root may have put it there`, {
    why: `${flaw}; who can change a program that finwait runs has all that finwait has`,
    remedy: `PATH=${SYSTEM_PATH}:$PATH finwait …`,
    exitCode: EXIT.cannotTrace,
  });

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};
