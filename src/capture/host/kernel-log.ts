import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { LoggedKind } from '../../wire/event.ts';
import type { LoggedBefore } from '../../wire/host-facts.ts';
import { ownLine } from '../../wire/own-lines.ts';
import type { BootClock } from '../kernel/boot-clock.ts';

const POLL_MS = 500;
/** Records read in one poll: after a burst the rest waits for the next. */
const MAX_RECORDS = 20_000;
/** A record with its dictionary fits. @see Linux kernel/printk/internal.h, PRINTKRB_RECORD_MAX and CONSOLE_EXT_LOG_MAX */
const RECORD_BYTES = 16_384;

export type KmsgRecord = {
  /** The kernel numbers its records; a gap is records that were overwritten before they were read. */
  readonly sequence: bigint;
  /** syslog's: 0 is the kernel. A process that writes to /dev/kmsg cannot have it. */
  readonly facility: number;
  /** printk's clock, ns: it starts with the machine and is not disciplined by NTP. */
  readonly clockNs: bigint;
  readonly text: string;
};

/**
 * One record of /dev/kmsg: `priority,sequence,µs,flags;text`, then lines of its dictionary.
 *
 * @returns null for a text that is no record
 * @see Linux Documentation/ABI/testing/dev-kmsg
 */
export const parseKmsg = (record: string): KmsgRecord | null => {
  const m = /^(\d{1,10}),(\d{1,20}),(\d{1,17}),[^;\n]*;([^\n]*)/.exec(record);
  if (m === null) return null;
  const [, priority, sequence = '', clock = '', text = ''] = m;
  return {
    sequence: BigInt(sequence),
    facility: Math.floor(Number(priority) / 8),
    clockNs: BigInt(clock) * 1000n,
    text,
  };
};

/** The kernel's words, whole: it logs the names of processes and files too, and these may hold any words. */
const WORDS: ReadonlyMap<string, LoggedKind> = new Map([
  ['TCP: too many orphaned sockets', 'orphans'],
  ['TCP: out of memory -- consider tuning tcp_mem', 'memory'],
]);

/**
 * The kind of a message about orphans; null for all others.
 *
 * @see Linux net/ipv4/tcp.c, pr_fmt and tcp_check_oom; the words are the same from 5.15 to 7.2
 */
export const aboutOrphans = (text: string): LoggedKind | null => WORDS.get(text) ?? null;

export type KernelLogOptions = {
  readonly clock: Pick<BootClock, 'now'>;
  readonly put: (line: string) => void;
  /** Another file than /dev/kmsg, for tests. */
  readonly path?: string;
};

export type KernelLogFollower = {
  readonly isReadable: () => boolean;
  /** The kernel's lines that were there before the capture; null where the log cannot be read. */
  readonly before: (about: LoggedKind) => LoggedBefore | null;
  /** Reads everything new, now. */
  readonly poll: () => void;
  readonly stop: () => void;
};

/**
 * Follows the kernel's log, twice a second, and puts its complaints about orphans into the stream; it passes over all
 * other messages. Records that were overwritten before they were read are counted in a notice. A poll with nothing new
 * costs 8 µs.
 *
 * A message is stamped by printk's own clock. A message that was not there at one poll and is there at the next was
 * written in between. Its time is moved into that span, so the error is below half a second, mostly a few ms.
 */
export const followKernelLog = ({ clock, put, path = '/dev/kmsg' }: KernelLogOptions): KernelLogFollower => {
  const buffer = Buffer.alloc(RECORD_BYTES);
  const counts = { orphans: { count: 0, newest: 0n }, memory: { count: 0, newest: 0n } };
  let fd: number | null = null;
  let lead = 0n;
  let emptyAt: bigint | null = null;
  let nextSequence: bigint | null = null;
  let missed = 0n;

  const fail = (why: string): void => {
    if (fd !== null) closeSync(fd);
    fd = null;
    put(ownLine.notice(clock.now(), `the kernel's log cannot be read, its words on orphans are not known: ${why}`));
  };

  /** The next record; null when there is none, or none that can be read. */
  const next = (): string | null => {
    for (let i = 0; fd !== null && i < MAX_RECORDS; i++) {
      try {
        const length = readSync(fd, buffer, 0, RECORD_BYTES, null);
        return length === 0 ? null : buffer.toString('utf8', 0, length);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : null;
        if (code === 'EAGAIN') return null;
        // EPIPE: records were overwritten before they were read; the next one is there, and its number tells how many.
        if (code !== 'EPIPE') fail(String(code ?? error));
      }
    }
    return null;
  };

  const take = ({ facility, clockNs, text }: KmsgRecord, readAt: bigint): void => {
    const about = aboutOrphans(text);
    if (about === null) return;
    if (emptyAt === null) {
      if (facility === 0) counts[about] = { count: counts[about].count + 1, newest: clockNs };
      return;
    }
    const loggedAt = clockNs + lead;
    const within = loggedAt < emptyAt ? emptyAt : loggedAt > readAt ? readAt : loggedAt;
    lead = within - clockNs;
    put(ownLine.kernelLog(readAt, readAt - within, about, facility, text));
  };

  const count = ({ sequence }: KmsgRecord): void => {
    if (nextSequence !== null && sequence > nextSequence) missed += sequence - nextSequence;
    nextSequence = sequence + 1n;
  };

  const tellMissed = (): void => {
    if (missed === 0n) return;
    const records = missed === 1n ? 'record was' : 'records were';
    const text = `${missed} ${records} overwritten in the kernel's log before finwait read it: words on orphans may be missing`;
    missed = 0n;
    put(ownLine.notice(clock.now(), text));
  };

  const pollRecords = (): void => {
    for (let i = 0; i < MAX_RECORDS && fd !== null; i++) {
      const readAt = clock.now();
      const record = next();
      if (record === null) {
        emptyAt = readAt;
        return;
      }
      const parsed = parseKmsg(record);
      if (parsed === null) continue;
      count(parsed);
      take(parsed, clock.now());
    }
  };
  const poll = (): void => {
    pollRecords();
    tellMissed();
  };

  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    poll();
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
  const timer = setInterval(poll, POLL_MS);
  return {
    isReadable: () => fd !== null,
    before: (about) => {
      if (fd === null) return null;
      const { count, newest } = counts[about];
      const age = Number((clock.now() - newest) / 1_000_000n);
      return { count, newest_ms: count === 0 ? null : Math.max(0, age) };
    },
    poll,
    stop: () => {
      clearInterval(timer);
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
};
