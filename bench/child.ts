import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { withUs } from '../src/capture/bpftrace/confine.ts';
import { onLeave } from './cleanup.ts';

/** Output kept of a program. */
const KEPT = 1 << 20;
const STOP_MS = 30_000;

export type ChildOptions = {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** 'ignore' gives it /dev/null, so that nobody here works for what it prints. */
  readonly stdout?: 'pipe' | 'ignore';
};

export type Child = {
  readonly pid: number;
  readonly hasEnded: () => boolean;
  /** The first and last of what it said, stdout then stderr. */
  readonly said: () => { readonly stdout: string; readonly stderr: string };
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Resolves when `is` does; false when it ended before, or after `ms`. */
  readonly until: (is: () => boolean, ms: number) => Promise<boolean>;
  /** SIGINT, and SIGKILL after 30 s. */
  readonly stop: () => Promise<number | null>;
};

/** Ends its program with us even when we are killed; empty where there is no such setpriv. */
const guard = withUs();

/** Starts a program that cannot be left behind. @throws Error when it cannot be started */
export const startChild = async (file: string, args: readonly string[], options: ChildOptions = {}): Promise<Child> => {
  const [command = file, ...rest] = [...(await guard), file, ...args];
  const child = spawn(command, rest, {
    env: { ...process.env, ...options.env },
    stdio: ['pipe', options.stdout ?? 'pipe', 'pipe'],
  });
  const kept = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      // The beginning and the end of a flood matter.
      kept[name] = kept[name].length < KEPT ? kept[name] + text : kept[name].slice(0, KEPT / 2) + text.slice(-KEPT / 2);
    });
  }
  const ended = Promise.withResolvers<number | null>();
  const started = Promise.withResolvers<void>();
  child.once('spawn', started.resolve);
  child.once('error', started.reject);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input ?? '');
  await started.promise;
  const forget = onLeave(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  });
  child.once('close', (code) => {
    forget();
    ended.resolve(code);
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? 0,
    hasEnded,
    said: () => ({ ...kept }),
    ended: ended.promise,
    until: async (is, ms) => {
      for (const end = performance.now() + ms; performance.now() < end && !hasEnded(); await sleep(50)) {
        if (is()) return true;
      }
      return is();
    },
    stop: async () => {
      if (!hasEnded()) child.kill('SIGINT');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      const code = await ended.promise;
      clearTimeout(timer);
      return code;
    },
  };
};
