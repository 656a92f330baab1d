import { availableParallelism } from 'node:os';
import { execa } from 'execa';
import { bpftraceEnv } from './bpftrace.ts';
import { readOrphanGauge } from './sockstat.ts';

const STOP_TIMEOUT_MS = 10_000;

/**
 * Starts bpftrace on a script. It cannot outlive us: `setpriv --pdeathsig` has the kernel interrupt it when our process
 * dies in any way, and where setpriv is missing its next tick (100 ms) meets a closed pipe.
 *
 * @param setpriv - path of util-linux's setpriv, or null where there is none
 */
export const spawnBpftrace = (path: string, script: string, setpriv: string | null) => {
  const argv = [path, '-'];
  const [file, args] = setpriv === null ? [path, argv.slice(1)] : [setpriv, ['--pdeathsig', 'INT', ...argv]];
  return execa(file, args, {
    env: bpftraceEnv(availableParallelism(), readOrphanGauge().limit),
    input: script,
    buffer: false,
    reject: false,
    stripFinalNewline: false,
    // execa's SIGKILL after the delay follows this signal only.
    killSignal: 'SIGINT',
    forceKillAfterDelay: STOP_TIMEOUT_MS,
  });
};

export type BpftraceChild = ReturnType<typeof spawnBpftrace>;
