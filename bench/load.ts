import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from './child.ts';
import { onLeave } from './cleanup.ts';

const SOURCE = fileURLToPath(new URL('load.c', import.meta.url));
const PREFIX = 'finwait-bench';

/**
 * The namespace's own sysctls: no end of TIME_WAIT sockets and ports within a run, and orphans in FIN_WAIT2 that the
 * kernel does not turn into minisocks at once, as it does up to 60 s.
 */
const SYSCTLS: Readonly<Record<string, string>> = {
  'net/ipv4/tcp_max_tw_buckets': '4194304',
  'net/ipv4/ip_local_port_range': '1024 65535',
  'net/ipv4/tcp_fin_timeout': '120',
};

export type Load = {
  readonly seconds: number;
  readonly connections: number;
  readonly slow: number;
  readonly failed: number;
  readonly per_second: number;
};

export const parseLoad = (text: string): Load => {
  const value: unknown = JSON.parse(text);
  const field = (name: string): number => {
    const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    if (typeof found !== 'number') throw new Error(`the load generator said nothing of ${name}: ${text.trim()}`);
    return found;
  };
  return {
    seconds: field('seconds'),
    connections: field('connections'),
    slow: field('slow'),
    failed: field('failed'),
    per_second: field('per_second'),
  };
};

/** Compiles the load generator. @returns its path. @throws Error that says what to install */
export const buildLoad = (dir: string): string => {
  const path = join(dir, 'load');
  try {
    execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-pthread', '-o', path, SOURCE], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error('no C compiler for bench/load.c: apt-get install gcc libc6-dev   (Fedora: dnf install gcc)');
    }
    throw error;
  }
  return path;
};

const quietly = (...args: readonly string[]): void => {
  try {
    execFileSync('ip', args, { stdio: 'ignore', timeout: 10_000 });
  } catch {
    // Gone already.
  }
};

/** Namespaces of a run that was killed before it could clean up. */
export const removeStale = (): void => {
  for (const name of existsSync('/run/netns') ? readdirSync('/run/netns') : []) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)$`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) quietly('netns', 'del', name);
  }
};

export type LoadOptions = { readonly seconds: number; readonly rate: number; readonly slow: number };

/** One load in a network namespace of its own, which takes what it leaves in TIME_WAIT with it. */
export const runLoad = async (program: string, options: LoadOptions): Promise<Load> => {
  const name = `${PREFIX}-${process.pid}`;
  execFileSync('ip', ['netns', 'add', name]);
  const remove = onLeave(() => quietly('netns', 'del', name));
  try {
    execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    const script = Object.entries(SYSCTLS).map(([key, value]) => `echo '${value}' > /proc/sys/${key}`);
    execFileSync('ip', ['netns', 'exec', name, 'sh', '-ec', script.join('\n')]);
    const args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]);
    const child = await startChild('ip', ['netns', 'exec', name, program, ...args]);
    const code = await child.ended;
    const { stdout, stderr } = child.said();
    if (code !== 0) throw new Error(`the load generator failed: ${stderr.trim() || `exit ${code}`}`);
    return parseLoad(stdout);
  } finally {
    remove();
  }
};
