import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { TestContext } from 'vitest';

const isRoot = process.getuid?.() === 0;

const succeeds = (file: string, args: readonly string[]): boolean => {
  try {
    execFileSync(file, args, { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
};

const once = <T>(ask: () => T): (() => T) => {
  let answer: { readonly value: T } | undefined;
  return () => {
    answer ??= { value: ask() };
    return answer.value;
  };
};

const hasTracepoint = (): boolean =>
  ['tracing', 'debug/tracing'].some((dir) => existsSync(`/sys/kernel/${dir}/events/sock/inet_sock_set_state`));

/** Needs of some tests: null if the machine has it, else the reason why they are skipped. */
const MACHINE = {
  root: () => (isRoot ? null : 'not root'),
  /** All that finwait needs to start a bpftrace, be it a fake. */
  backend: () =>
    isRoot && existsSync('/sys/kernel/btf/vmlinux') && hasTracepoint()
      ? null
      : 'not root, no BTF or no tracefs: finwait would stop before it starts bpftrace',
  mounts: once(() =>
    isRoot && succeeds('unshare', ['--mount', '--propagation=private', 'mount', '-t', 'tmpfs', 'none', '/tmp'])
      ? null
      : 'no mount namespace can be made here',
  ),
  setpriv: once(() =>
    succeeds('setpriv', ['--pdeathsig', 'INT', 'true']) ? null : "util-linux's setpriv is not here",
  ),
  script: once(() => (succeeds('script', ['--version']) ? null : "util-linux's script is not here")),
  bpftrace: once(() =>
    isRoot && succeeds('bpftrace', ['-e', 'BEGIN { exit(); }']) ? null : 'no real bpftrace that can load a probe',
  ),
} as const;

/** Skips the test, and prints why, where the machine lacks any of `names`. */
export const needs = (context: TestContext, ...names: readonly (keyof typeof MACHINE)[]): void => {
  for (const name of names) {
    const reason = MACHINE[name]();
    if (reason === null) continue;
    process.stderr.write(`skipped: ${context.task.name}: ${reason}\n`);
    context.skip(reason);
  }
};

/** Runs a program after `commands` in a mount namespace of its own; its mounts end with it. */
export const withMounts = (commands: string): readonly string[] => [
  'unshare',
  '--mount',
  '--propagation=private',
  'sh',
  '-ec',
  `${commands}\nexec "$@"`,
  'sh',
];
