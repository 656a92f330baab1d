import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { ShutWindows } from '../living.ts';

const NETNS = 'shut-windows';
const HOSTS = ['127.0.0.1', '::1'];
/** Orphans of each family. */
const COUNT = 30;
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
  const workers = await Promise.all(HOSTS.map(closeTo));
  return {
    facts: { netns: statSync(`/run/netns/${NETNS}`).ino, count: HOSTS.length * COUNT },
    end: () => {
      for (const worker of workers) worker.kill('SIGKILL');
      execFileSync('ip', ['netns', 'exec', NETNS, 'ss', '-HKtn', 'state', 'all']);
    },
  };
};

const closeTo = async (host: string): Promise<ChildProcess> => {
  const script = ['python3', 'test/e2e/workers/shut_window.py', host, String(COUNT), String(SECONDS)];
  const worker = spawn('ip', ['netns', 'exec', NETNS, ...script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(worker.stdout, 'data');
  const ended = once(worker, 'exit').then(() => Promise.reject(new Error('the closer of shut windows ended')));
  ended.catch(() => undefined);
  await Promise.race([closed, ended]);
  return worker;
};
