import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { followKernelLog } from '../../src/capture/host/kernel-log.ts';
import { onRealKernel } from './requirements.ts';

/** The smallest program for x86-64 that writes to address 0. */
const crasher = (): Buffer => {
  const code = Buffer.from([0x31, 0xc0, 0x89, 0x00]);
  const head = Buffer.alloc(0x78);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(62, 18);
  head.writeUInt32LE(1, 20);
  head.writeBigUInt64LE(0x400078n, 24);
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(64, 52);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt32LE(1, 64);
  head.writeUInt32LE(5, 68);
  head.writeBigUInt64LE(0x400000n, 80);
  head.writeBigUInt64LE(0x400000n, 88);
  head.writeBigUInt64LE(BigInt(0x78 + code.length), 96);
  head.writeBigUInt64LE(BigInt(0x78 + code.length), 104);
  head.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([head, code]);
};

/** The reason why the kernel does not log a segfault with the program's name; null when it does. */
const whyQuiet = (): string | null => {
  if (process.arch !== 'x64') return `the program that crashes is for x64, not ${process.arch}`;
  return readFileSync('/proc/sys/debug/exception-trace', 'utf8').trim() === '1' ? null : 'debug.exception-trace is 0';
};

const WORDS = ['too many orphaned sockets', 'out of memory -- consider tuning tcp_mem'];
const NAMES = WORDS.flatMap((words) => [words, `TCP: ${words}`, `x\nTCP: ${words}\n`]);

onRealKernel('the kernel’s log', () => {
  it('is not believed where it tells of a program that crashed and is named like its words', (context) => {
    const quiet = whyQuiet();
    if (quiet !== null) context.skip(quiet);
    const dir = mkdtempSync(join(tmpdir(), 'finwait-forged-'));
    const lines: string[] = [];
    const log = followKernelLog({ clock: { now: () => process.hrtime.bigint() }, put: (line) => lines.push(line) });
    try {
      for (const name of NAMES) {
        writeFileSync(join(dir, name), crasher(), { mode: 0o755 });
        expect(spawnSync(join(dir, name)).signal).toBe('SIGSEGV');
      }
      const logged = spawnSync('dmesg', { encoding: 'utf8' }).stdout;
      for (const words of WORDS) expect(logged).toMatch(new RegExp(`segfault at 0 .*${words}`));
      log.poll();
      expect(lines).toEqual([]);
      // A process may write the same words to the log: those are its own.
      writeFileSync('/dev/kmsg', `<142>TCP: ${WORDS[0]}\n`);
      log.poll();
      expect(lines).toEqual([expect.stringMatching(/^m \d+ \d+ orphans 17 TCP: too many orphaned sockets$/)]);
    } finally {
      log.stop();
      rmSync(dir, { recursive: true });
    }
  });
});
