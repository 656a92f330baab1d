import { cpus } from 'node:os';
import { startProgram } from '../../programs/start.ts';
import { readOrphanGauge } from '../kernel/sockstat.ts';
import { type BpftraceProgram, bpftraceEnv } from './bpftrace.ts';

const STOP_TIMEOUT_MS = 10_000;

/**
 * Starts bpftrace on a script, with the rights and the environment that it needs and no other. It cannot outlive us:
 * `setpriv --pdeathsig` has the kernel kill it when our process dies in any way, and where setpriv is missing its next tick
 * (100 ms) meets a closed pipe.
 *
 * @param params - `$1` and so on of the script
 * @param keys - places of each map
 */
export const spawnBpftrace = (
  { path, within }: BpftraceProgram,
  script: string,
  params: readonly string[],
  keys: number,
) => {
  const [file = path, ...args] = [...within, path, '-', ...params];
  return startProgram(file, args, {
    env: bpftraceEnv(cpus().length, keys),
    input: script,
    buffer: false,
    reject: false,
    stripFinalNewline: false,
    // In a session of its own, where no Ctrl+C reaches it: the last facts are gathered before it is told to end.
    detached: true,
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
