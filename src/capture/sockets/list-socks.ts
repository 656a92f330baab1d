import { readFile } from 'node:fs/promises';
import { parseTimeWait } from '../kernel/sockstat.ts';
import { inSlices } from './in-slices.ts';
import { readNetTables } from './net-tables.ts';
import type { Netns } from './netns.ts';
import { type ProcSock, parseProcSock } from './proc-net-tcp.ts';
import { askSs, parseSsSock } from './ss.ts';

const TIMEOUT_MS = 5000;
const MAX_SS_BYTES = 256_000_000;
const SS_STATES = [
  ...['established', 'syn-sent', 'syn-recv', 'fin-wait-1', 'fin-wait-2'],
  ...['close-wait', 'last-ack', 'listening', 'closing'],
];
/**
 * ss is asked where there are more TIME_WAIT sockets than this: /proc/net/tcp has a line for each. Their number grows by
 * thousands a second where churn begins, and a table that grows while it is read takes many seconds.
 */
const MANY_TIME_WAIT = 1000;

/** The first three are for tests. */
type ListOptions = {
  readonly proc?: string;
  readonly timeoutMs?: number;
  readonly manyTimeWait?: number;
  /** Aborted: the programs that read are killed. */
  readonly signal?: AbortSignal | undefined;
};

/**
 * Lists every TCP socket of a namespace but those in TIME_WAIT, from /proc/net/tcp and tcp6, with its timer to 10 ms.
 * When many are in TIME_WAIT, ss is asked instead: the kernel leaves them out for it. So it is where no process is in the
 * namespace. ss tells timers to a second from 10 s on, to a minute from 10 min on.
 *
 * @returns null where not all can be told: half a list would say that the other sockets are gone. Never throws
 */
export const listSocks = async (netns: Netns, options: ListOptions = {}): Promise<readonly ProcSock[] | null> => {
  const { proc = '/proc', timeoutMs = TIMEOUT_MS, manyTimeWait = MANY_TIME_WAIT, signal } = options;
  try {
    if (await isForSs(netns, proc, manyTimeWait)) {
      const socks = await listThroughSs(netns, timeoutMs, proc, signal);
      if (typeof socks !== 'string') return socks;
    }
    const text = await readNetTables(netns, proc, timeoutMs, signal);
    return text === null ? null : await parseAll(text);
  } catch {
    return null;
  }
};

const parseAll = async (text: string): Promise<readonly ProcSock[]> => {
  const socks: ProcSock[] = [];
  await inSlices(text, (line) => {
    const sock = parseProcSock(line);
    if (sock !== null) socks.push(sock);
  });
  return socks;
};

/**
 * Lists them from ss alone.
 *
 * @returns the reason where ss could not tell all, or printed a line that is no socket. Never throws
 */
export const listThroughSs = async (
  netns: Netns,
  timeout = TIMEOUT_MS,
  proc = '/proc',
  signal?: AbortSignal,
): Promise<readonly ProcSock[] | string> => {
  const socks: ProcSock[] = [];
  let strange: string | null = null;
  const args = ['-OHtone', ...SS_STATES.flatMap((state) => ['state', state])];
  const why = await askSs(netns, args, { timeout, maxBuffer: MAX_SS_BYTES, proc, signal }, (line) => {
    const sock = parseSsSock(line);
    if (sock !== null) socks.push(sock);
    else if (line !== '') strange ??= line;
  });
  return why ?? (strange === null ? socks : `this is no socket: ${strange}`);
};

/**
 * True where ss is asked first: many sockets are in TIME_WAIT, or no process is there to read through. Then a program has to be
 * started in the namespace anyway, and with ss one is enough. A process that has left the namespace meanwhile may give
 * the number of another one: it only decides which way to read.
 */
const isForSs = async ({ pids: [pid] }: Netns, proc: string, most: number): Promise<boolean> => {
  if (pid === undefined) return true;
  try {
    return (parseTimeWait(await readFile(`${proc}/${pid}/net/sockstat`, 'utf8')) ?? 0) > most;
  } catch {
    return false;
  }
};
