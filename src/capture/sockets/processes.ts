import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** Reading a status costs some 30 µs. */
const SLICE = 64;

/** A process, and what its status says of its open files. */
export type Process = {
  readonly pid: number;
  /** The real uid: a set-user-ID program still counts for the user who started it. */
  readonly user: number;
  /** Slots of its table of open files: at least as many as it has open; 0 where the kernel does not say. */
  readonly slots: number;
  /** Its first thread has ended and others live on: only they have the table. */
  readonly isHeadless: boolean;
};

const numberIn = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d{1,10})`, 'm').exec(status)?.[1] ?? 0);

/** Reads a status. The kernel escapes line breaks in the name, so no name is taken for a field. @see fs/proc/array.c */
const parseProcess = (pid: number, status: string): Process => ({
  pid,
  user: numberIn(status, 'Uid'),
  slots: numberIn(status, 'FDSize'),
  isHeadless: /^State:\s+[ZX]/m.test(status) && numberIn(status, 'Threads') > 1,
});

/**
 * Every process, in an order in which one user's many open files keep no other from being asked: small tables first,
 * and users take turns.
 *
 * @param proc - where the processes are: /proc
 */
export const listProcesses = async (proc: string): Promise<readonly Process[]> => {
  const found: Process[] = [];
  let count = 0;
  for (const name of readdirSync(proc)) {
    if (!/^\d{1,10}$/.test(name)) continue;
    if (++count % SLICE === 0) await setImmediate();
    found.push(parseProcess(Number(name), statusOf(`${proc}/${name}/status`)));
  }
  return inTurn(found);
};

/** Empty when the process has ended: a look at its files will show that. */
const statusOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Each process is ranked by its own slots and those of its user's smaller processes. */
const inTurn = (processes: readonly Process[]): readonly Process[] => {
  const used = new Map<number, number>();
  return [...processes]
    .sort((a, b) => a.slots - b.slots || a.pid - b.pid)
    .map((process) => {
      const turn = (used.get(process.user) ?? 0) + process.slots;
      used.set(process.user, turn);
      return { process, turn };
    })
    .sort((a, b) => a.turn - b.turn || a.process.pid - b.process.pid)
    .map(({ process }) => process);
};
