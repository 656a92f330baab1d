import { fileURLToPath } from 'node:url';
import split2 from 'split2';
import { EXIT, Fault } from '../kernel/fault.ts';
import { startProgram } from '../programs/start.ts';
import type { LabPrograms } from './checks.ts';
import type { LabEvent } from './event.ts';

/** The path is the same from src/ and from dist/: Python is not compiled. */
const WORKER = fileURLToPath(new URL('../../src/lab/worker.py', import.meta.url));
/** Nothing is written beside the sources, and nothing of a user's Python is read. */
const PYTHON = ['-B', '-E', '-s', WORKER];

/** The plays to come, in this order. */
export type Plan = {
  readonly family: 'ipv4' | 'ipv6';
  readonly jobs: readonly { readonly scenario: string /** Roughly how long it takes. */; readonly seconds: number }[];
  readonly at_once: number;
  /** Keep the namespaces when all is played, until `signal`. */
  readonly hold: boolean;
};

/**
 * Runs the worker until all is played, or `signal`; then all it made is gone. It runs in a session of its own, where no
 * Ctrl+C reaches it: it ends at the end of its stdin, which comes even when this process is killed.
 *
 * @throws Fault when the lab cannot be set up here (exit 3), or the worker was killed (exit 1; it was cleaned up after)
 */
export const runWorker = async (
  plan: Plan,
  { python, path }: LabPrograms,
  onEvent: (event: LabEvent) => void,
  signal: AbortSignal,
): Promise<void> => {
  const env = { PATH: path };
  const child = startProgram(python, PYTHON, {
    env,
    buffer: { stdout: false, stderr: true },
    maxBuffer: 1 << 20,
    reject: false,
    detached: true,
    cleanup: false,
    stdin: 'pipe',
  });
  child.stdin.on('error', () => undefined);
  const stop = (): void => {
    child.stdin.end();
  };
  signal.addEventListener('abort', stop, { once: true });
  child.stdin.write(`${JSON.stringify(plan)}\n`);
  if (signal.aborted) stop();
  let fault: Fault | null = null;
  let isEnded = false;
  const lines = child.stdout.pipe(split2());
  lines.on('data', (line: string) => {
    const event: LabEvent = JSON.parse(line);
    if (event.type === 'lab_fault') {
      fault = new Fault(event.what, { why: event.why, remedy: event.remedy, exitCode: EXIT.cannotTrace });
      return;
    }
    isEnded ||= event.type === 'lab_end';
    onEvent(event);
  });
  const drained = new Promise((resolve) => lines.once('end', resolve));
  const result = await child;
  await drained;
  signal.removeEventListener('abort', stop);
  if (fault !== null) throw fault;
  if (isEnded) return;
  await cleanUp({ python, path });
  throw new Fault(`the lab's worker ended by ${result.signal ?? `status ${result.exitCode}`}`, {
    why: result.stderr.trim().split('\n').at(-1) ?? '',
    remedy: 'run it again; what it had made is removed',
    exitCode: EXIT.failed,
  });
};

/** Removes what killed runs have left. @returns the reason if it did not; null if it did. Never throws */
export const cleanUp = async ({ python, path }: LabPrograms): Promise<string | null> => {
  const options = { env: { PATH: path }, reject: false, stdin: 'ignore', timeout: 120_000 } as const;
  const result = await startProgram(python, [...PYTHON, '--clean'], options);
  return result.failed ? result.stderr.trim().split('\n').at(-1) || (result.shortMessage ?? 'it failed') : null;
};
