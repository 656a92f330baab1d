import { appendFileSync, writeSync } from 'node:fs';
import { hrtime } from 'node:process';
import { encodeLine } from '../../../src/wire/encode.ts';
import { WIRE_VERSION } from '../../../src/wire/schema.ts';

/** Boot-clock nanoseconds, as the probes print them; tests run on hosts that have not slept since boot. */
export const bootNow = (): bigint => hrtime.bigint();

/** Lines of the wire as `probes/tracepoint.bt` prints them. See docs/wire-format.md. */
export const wire = {
  hello: (version = WIRE_VERSION): string => {
    const ms = Date.now();
    const micros = String((ms % 1000) * 1000).padStart(6, '0');
    return `H ${version} tracepoint ${bootNow()} ${Math.floor(ms / 1000)}.${micros}`;
  },
  tick: (): string => `C ${bootNow()} 0 0`,
  bye: (): string => `Z ${bootNow()}`,
  /** So many deaths in ESTABLISHED, from the start, that were only counted. */
  tally: (count: number): string => `T ${bootNow()} 3 0 1 9 0 0 0 6 ${count}`,
  /** A connection that its process closes in CLOSE_WAIT, and that the last ACK ends: one orphan, in and out. */
  death: (sk: bigint): readonly [string, string] => {
    const at = bootNow();
    const key = sk.toString(16);
    return [
      encodeLine('announce', {
        at,
        sk: key,
        via: 5,
        e0: '303000007c1',
        writeSeq: 0xe818e1ef,
        sndUna: 0xe818e1ef,
        sndNxt: 0xe818e1ef,
        sndWnd: 0x10000,
        rcvNxt: 0xdb42a57a,
        copiedSeq: 0xdb42a57a,
        a4: 'f003a9800000001',
        netns: 0xeffffff9,
        cookie: 0x1010,
        ports: '2c483c588',
        v4: '100007f0100007f',
        pid: 5918,
        tid: 5918,
        taskFlags: 0x400100,
        h0: 'f4f8b5fa9780',
        h1: 'f4f8b5dd8980',
        h2: 'f4f8b4311800',
        comm: '6e 6f 64 65 2d 4d 61 69 6e 54 68 72 65 61 64 00',
      }),
      encodeLine('destroy', {
        at: at + 1000n,
        sk: key,
        cookie: 0x1010,
        e0: '303000007c1',
        announcedAt: at >> 16n,
        lines: 1,
      }),
    ];
  },
};

/** One line to stdout, written before the call returns: a fake may die right after it. */
export const say = (line: string): void => give(1, `${line}\n`);
export const complain = (line: string): void => give(2, `${line}\n`);

/** Writes all of `text` to a descriptor, however long the pipe is full: bpftrace's stdout blocks, Node's does not. */
export const give = (fd: number, text: string): void => {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
};

/** Says the words of every bpftrace whose probes are attached, and the ten ticks a second after it. */
export const attach = (): void => {
  say('Attaching 8 probes...');
  say(wire.hello());
};

export const tick = (): NodeJS.Timeout => setInterval(() => say(wire.tick()), 100);

/** Ends as bpftrace does: on SIGINT, a last line and the end. */
export const endOnInterrupt = (): void => {
  process.on('SIGINT', () => {
    say(wire.bye());
    process.exit(0);
  });
};

/**
 * Plays bpftrace: answers `--version`, then does its one thing. Its pid goes to the file that the test looks at
 * afterwards, to see that nothing was left behind.
 */
export const fake = (behave: () => void, version = 'bpftrace v0.17.0'): void => {
  if (process.argv.includes('--version')) {
    say(version);
    return;
  }
  appendFileSync(process.env.FAKE_PIDS ?? '/dev/null', `${process.pid}\n`);
  behave();
};
