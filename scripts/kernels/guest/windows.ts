import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { ShutWindows } from '../living.ts';

const NETNS = 'shut-windows';
const COUNT = 20;
const SECONDS = 600;

type Windows = {
  readonly facts: ShutWindows;
  /** Ends them, once nobody traces them any more. */
  readonly end: () => void;
};

/** Closes sockets with data in flight, whose peer then shuts its window. They live on. @returns once all are closed */
export const shutWindows = async (): Promise<Windows> => {
  execFileSync('ip', ['netns', 'add', NETNS]);
  execFileSync('ip', ['-n', NETNS, 'link', 'set', 'lo', 'up']);
  const script = ['python3', 'test/e2e/workers/shut_window.py', '127.0.0.1', String(COUNT), String(SECONDS)];
  const worker: ChildProcess = spawn('ip', ['netns', 'exec', NETNS, ...script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(worker.stdout as NodeJS.ReadableStream, 'data');
  const ended = once(worker, 'exit').then(() => Promise.reject(new Error('the closer of shut windows ended')));
  ended.catch(() => undefined);
  await Promise.race([closed, ended]);
  return {
    facts: { netns: statSync(`/run/netns/${NETNS}`).ino, count: COUNT },
    end: () => {
      worker.kill('SIGKILL');
      execFileSync('ip', ['netns', 'exec', NETNS, 'ss', '-HKtn', 'state', 'all']);
    },
  };
};
