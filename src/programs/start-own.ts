import { type ChildProcessWithoutNullStreams, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { delimiter, isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SYSTEM_PATH } from './find.ts';

const TRIAL_MS = 5000;
/** Beside this file's folder; TypeScript where the sources themselves run. */
const READER = fileURLToPath(
  new URL(`../bin/reader${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

/**
 * Starts finwait's own reader (src/bin/reader.ts), with no variable of the caller's but PATH, where it looks for bpftrace.
 * In a session of its own, where no Ctrl+C reaches it: it ends at the end of its stdin. Not by execa, whose modules take
 * longer to load than this takes to start.
 *
 * @param within - the program and arguments that confine it, to stand before its own command
 * @param request - its one argument
 * @throws Error of node:child_process when it cannot be started
 */
export const startReaderProcess = (within: readonly string[], request: string): ChildProcessWithoutNullStreams => {
  const [file = process.execPath, ...args] = [...within, process.execPath, READER, request];
  return spawn(file, args, { cwd: '/', env: { PATH: absolute(process.env.PATH ?? SYSTEM_PATH) }, detached: true });
};

/** Without the entries that mean another place in each directory. */
const absolute = (path: string): string => path.split(delimiter).filter(isAbsolute).join(delimiter);

/** The output of a program; null if it fails. Holds everything up meanwhile. @param file - as `findProgram` gave it */
export const outputOf = (file: string, args: readonly string[]): string | null => {
  const stdio: StdioOptions = ['ignore', 'pipe', 'ignore'];
  const run = spawnSync(file, args, {
    cwd: '/',
    env: { PATH: SYSTEM_PATH },
    stdio,
    timeout: TRIAL_MS,
    encoding: 'utf8',
  });
  return run.status === 0 ? run.stdout : null;
};
