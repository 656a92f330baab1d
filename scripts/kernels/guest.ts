import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Image } from './image.ts';
import { runProgram, say } from './run-program.ts';

export type Accel = 'kvm' | 'tcg';

/** True if a guest ended by itself; otherwise the reason why not. */
export type Outcome = { readonly isOver: true } | { readonly isOver: false; readonly why: string };

/** QEMU 7.2's emulation breaks a boot now and then: cmpxchg16b, or int3 while the kernel patches its own code. */
const BOOT_TRIES = 3;
const BOOT_S = 60;
const ALIVE_S = 10;

/**
 * Without AVX, five levels of page tables and the mitigations (below), emulation takes a quarter less of the CPU for an
 * attach: QEMU calls a function for each vector instruction.
 */
const CPU: Readonly<Record<Accel, readonly string[]>> = {
  kvm: ['-accel', 'kvm', '-cpu', 'host'],
  tcg: ['-accel', 'tcg,thread=multi', '-cpu', 'max,-cx16,-la57,-avx,-avx2,-fma,-f16c,-pku,-mpx,-pcid'],
};

const qemu = (image: Image, accel: Accel, console: string, cmdline: string, rest: readonly string[]) => [
  ...CPU[accel],
  ...['-m', '2G', '-smp', '2', '-display', 'none', '-no-reboot', '-nic', 'none', '-monitor', 'none'],
  ...['-kernel', image.vmlinuz, '-initrd', image.initrd, '-serial', `file:${console}`],
  ...['-append', `console=ttyS0 loglevel=6 panic=1 tsc=reliable mitigations=off rdinit=/init ${cmdline}`],
  ...rest,
];

const saidOn = (console: string, words: string): boolean =>
  existsSync(console) && readFileSync(console, 'latin1').includes(words);

/**
 * Finds out if /dev/kvm is there and boots this kernel. In a nested virtual machine it may be there and not boot it.
 */
export const chooseAccel = async (image: Image, dir: string): Promise<Accel> => {
  try {
    closeSync(openSync('/dev/kvm', 'r+'));
  } catch {
    return 'tcg';
  }
  mkdirSync(dir, { recursive: true });
  const console = join(dir, 'kvm.log');
  rmSync(console, { force: true });
  await execa('qemu-system-x86_64', qemu(image, 'kvm', console, 'finwait.alive', []), {
    reject: false,
    stdin: 'ignore',
    timeout: ALIVE_S * 1000,
    forceKillAfterDelay: 1000,
  });
  if (saidOn(console, 'guest: alive')) return 'kvm';
  say('/dev/kvm is there and boots nothing: software emulation');
  return 'tcg';
};

const disk = (id: string, file: string, more: string): readonly string[] => [
  ...['-drive', `file=${file},format=raw,if=none,id=${id},${more}`],
  ...['-device', `virtio-blk-pci,drive=${id},serial=${id}`],
];

/**
 * Boots a guest, lets it run its cell and unpacks the cell's files into `dir`. The console log is put there as
 * `console.log`.
 *
 * @param seconds the guest ends its cell after this, and is killed 20 s later
 * @param script a file of guest/, run by the guest's Node; its files in /tmp/out come back
 */
export const runGuest = async (
  image: Image,
  project: string,
  accel: Accel,
  dir: string,
  seconds: number,
  script: string,
  ...args: readonly string[]
): Promise<Outcome> => {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const out = join(dir, 'out.raw');
  const console = join(dir, 'console.log');
  const run = [`scripts/kernels/guest/${script}.ts`, ...args].join(',');
  const cmdline = `finwait.seconds=${seconds} finwait.run=${run}`;
  const drives = [
    ...disk('root', image.root, 'snapshot=on'),
    ...disk('in', project, 'readonly=on'),
    ...disk('out', out, 'cache=unsafe'),
  ];
  let why = '';
  for (let tries = 1; tries <= BOOT_TRIES; tries++) {
    writeFileSync(out, '');
    truncateSync(out, 1 << 30);
    rmSync(console, { force: true });
    const guest = execa('qemu-system-x86_64', qemu(image, accel, console, cmdline, drives), {
      reject: false,
      stdin: 'ignore',
      timeout: (seconds + 20) * 1000,
      forceKillAfterDelay: 2000,
    });
    const watchdog = setTimeout(() => {
      if (!saidOn(console, 'guest: starts')) guest.kill('SIGTERM');
    }, BOOT_S * 1000);
    const result = await guest;
    clearTimeout(watchdog);
    if (saidOn(console, 'guest: powers off')) {
      await runProgram('tar', ['-xf', out, '-C', dir]);
      rmSync(out);
      return { isOver: true };
    }
    rmSync(out);
    why = result.timedOut
      ? `the guest was killed after ${seconds + 20} s`
      : `the guest died (qemu ${result.exitCode ?? result.signal}): ${result.stderr.trim().split('\n').at(-1) ?? ''}`;
    if (saidOn(console, 'guest: starts')) break;
    why = `the guest did not boot: ${result.stderr.trim().split('\n').at(-1) ?? ''}`;
    say(`${why} (try ${tries} of ${BOOT_TRIES})`);
  }
  return { isOver: false, why };
};
