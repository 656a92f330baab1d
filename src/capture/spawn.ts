import { cpus } from 'node:os';
import { execa } from 'execa';
import { bpftraceEnv, findProgram } from './bpftrace.ts';
import { readOrphanGauge } from './sockstat.ts';

const STOP_TIMEOUT_MS = 10_000;

/** The path of a setpriv that knows --pdeathsig (util-linux's does, busybox's does not); null where there is none. */
export const findSetpriv = async (): Promise<string | null> => {
  const path = await findProgram('setpriv');
  if (path === null) return null;
  const help = await execa(path, ['--help'], { reject: false, timeout: 5000 });
  return help.stdout.includes('--pdeathsig') ? path : null;
};

/**
 * Starts bpftrace on a script. It cannot outlive us: `setpriv --pdeathsig` has the kernel kill it when our process
 * dies in any way, and where setpriv is missing its next tick (100 ms) meets a closed pipe.
 *
 * @param setpriv - as `findSetpriv` found it
 * @param params - `$1` and so on of the script
 * @param keys - places of each map
 */
export const spawnBpftrace = (
  path: string,
  script: string,
  setpriv: string | null,
  params: readonly string[],
  keys: number,
) => {
  const argv = [path, '-', ...params];
  const [file, args] = setpriv === null ? [path, argv.slice(1)] : [setpriv, ['--pdeathsig', 'KILL', ...argv]];
  return execa(file, args, {
    env: bpftraceEnv(cpus().length, keys),
    input: script,
    buffer: false,
    reject: false,
    stripFinalNewline: false,
    // execa's SIGKILL after the delay follows this signal only.
    killSignal: 'SIGINT',
    forceKillAfterDelay: STOP_TIMEOUT_MS,
  });
};

/** tcp_max_orphans; its default on a small host where it cannot be read. */
export const maxOrphans = (): number => {
  try {
    return readOrphanGauge().limit;
  } catch {
    return 8192;
  }
};

export type BpftraceChild = ReturnType<typeof spawnBpftrace>;
