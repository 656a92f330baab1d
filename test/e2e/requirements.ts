import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { takeTurn } from './lock.ts';

const runs = (file: string, ...args: readonly string[]): boolean =>
  spawnSync(file, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;

/** The reason why this machine cannot run the kernel tests; null when it can. */
const whyNot = (): string | null => {
  if (process.platform !== 'linux') return `${process.platform} is not Linux`;
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'the kernel has no BTF (/sys/kernel/btf/vmlinux)';
  if (!['/sys/kernel/tracing/events', '/sys/kernel/debug/tracing/events'].some((path) => existsSync(path))) {
    return 'tracefs is not mounted (mount -t tracefs nodev /sys/kernel/tracing)';
  }
  if (!runs('bpftrace', '--version')) return 'no bpftrace (apt-get install bpftrace)';
  if (!runs('ss', '-V') || !runs('ip', '-V')) return 'no ip or ss (apt-get install iproute2)';
  if (!runs('unshare', '--net', 'true')) return 'no network namespace can be made here';
  if (!runs('nft', '--version')) return 'no nft (apt-get install nftables)';
  if (!runs('unshare', '--net', 'nft', 'add', 'table', 'inet', 'probe')) return 'nft does not work in a new namespace';
  return null;
};

const whyNoPython = (): string | null =>
  runs('python3', '-c', 'import ctypes, socket') ? null : 'no python3 (apt-get install python3)';
const whyNoTmux = (): string | null => (runs('tmux', '-V') ? null : 'no tmux (apt-get install tmux)');

const whyNoStrace = (): string | null => (runs('strace', '-V') ? null : 'no strace (apt-get install strace)');

const NEEDS = { python: whyNoPython, strace: whyNoStrace, tmux: whyNoTmux };

/** A `describe` for tests on the real kernel: on a machine that cannot run it, it is skipped and says why. */
export const onRealKernel = (title: string, body: () => void, ...needs: readonly (keyof typeof NEEDS)[]): void => {
  const reason = whyNot() ?? needs.map((need) => NEEDS[need]()).find((why) => why !== null) ?? null;
  if (reason === null) {
    describe(title, () => {
      let endTurn = (): void => {};
      beforeAll(async () => {
        endTurn = await takeTurn();
      }, 600_000);
      afterAll(() => endTurn());
      body();
    });
    return;
  }
  process.stderr.write(`kernel tests skipped: ${title}: ${reason}\n`);
  describe(title, () => {
    it.skip(`skipped: ${reason}`, () => {});
  });
};
