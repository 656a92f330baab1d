import { cpus } from 'node:os';
import { startProgram } from '../../programs/start.ts';
import { type BpftraceProgram, bpftraceEnv } from './bpftrace.ts';
import type { Composed } from './compose.ts';

const STOP_TIMEOUT_MS = 10_000;

export type BpftraceCommand = {
  readonly words: readonly [string, ...string[]];
  /** The variables that stand beside PATH; there are no others. */
  readonly env: Readonly<Record<string, string>>;
};

/** The command that starts bpftrace. It reads the script from its stdin. @param path - bpftrace's own */
export const commandOf = (path: string, { params, keys }: Composed): BpftraceCommand => ({
  words: [path, '-', ...params],
  env: bpftraceEnv(cpus().length, keys),
});

/**
 * Starts bpftrace on a script, with the rights and the environment that it needs and no other. It cannot outlive us:
 * `setpriv --pdeathsig` has the kernel kill it when our process dies in any way, and where setpriv is missing its next tick
 * (100 ms) meets a closed pipe.
 */
export const spawnBpftrace = ({ path, within }: BpftraceProgram, composed: Composed) => {
  const { words, env } = commandOf(path, composed);
  const [file = path, ...args] = [...within, ...words];
  return startProgram(file, args, {
    env,
    input: composed.script,
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

export type BpftraceChild = ReturnType<typeof spawnBpftrace>;
