import { TCP_STATES, type TcpState } from '../kernel/tcp-state.ts';

/** An option does not take this value. The message says which values it takes. */
export class Refused extends Error {}

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A Node timer waits no longer than this; with a longer time it fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** `10ms`, `30s`, `2m`, or 0; milliseconds. @throws Refused without a unit, or above 24 days */
export const readDuration = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text);
  if (match === null) {
    if (text === '0') return 0;
    throw new Refused('give a number and a unit: 500us, 10ms, 30s, 2m, 1h');
  }
  const ms = Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
  if (ms > LONGEST_MS) throw new Refused('give at most 596h');
  return ms;
};

/** @throws Refused for anything but a whole number */
export const readCount = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new Refused('give a whole number');
  return Number(text);
};

/** The largest pid of any Linux. @see Linux include/linux/threads.h, PID_MAX_LIMIT */
const MOST_PIDS = 4_194_304;

/** @throws Refused for a number that no process has: 0 is nobody's */
export const readPid = (text: string): number => {
  const pid = readCount(text);
  if (pid < 1 || pid > MOST_PIDS) throw new Refused('give the pid of a process, from 1 to 4194304');
  return pid;
};

/** @throws Refused for a number that no namespace has: its inode has 32 bits */
export const readNetns = (text: string): number => {
  const inode = readCount(text);
  if (inode < 1 || inode >= 2 ** 32) {
    throw new Refused('give the inode of a network namespace, as lsns -t net has it: from 1 to 4294967295');
  }
  return inode;
};

/** The kernel's own name of a process has as many bytes. @see Linux include/linux/sched.h, TASK_COMM_LEN */
const COMM_BYTES = 15;

/**
 * The name of a process. Bytes that are no text stand as `\xNN` in it, as finwait shows them.
 *
 * @throws Refused for a name that no process has
 */
export const readComm = (text: string): string => {
  if (text === '') throw new Refused('give the name of a process');
  const bytes = new TextEncoder().encode(text.replace(/\\x[0-9a-f]{2}/g, '?')).length;
  if (bytes > COMM_BYTES) {
    const cut = /^[ -~]+$/.test(text) ? `, here to '${text.slice(0, COMM_BYTES)}'` : '';
    throw new Refused(`give at most ${COMM_BYTES} bytes: the kernel cuts each name to that${cut}`);
  }
  return text;
};

/**
 * Takes the spelling of the kernel, of ss or of the user: `TCP_FIN_WAIT1`, `fin-wait-1`.
 *
 * @throws Refused for anything else
 */
export const readState = (text: string): TcpState => {
  const wanted = text
    .toUpperCase()
    .replaceAll('-', '_')
    .replace(/^TCP_/, '')
    .replace(/_(\d)$/, '$1');
  const state = TCP_STATES.slice(1).find((name) => name === wanted);
  if (state === undefined) throw new Refused(`give a TCP state: ${TCP_STATES.slice(1).join(', ')}`);
  return state;
};
