import { readFile } from 'node:fs/promises';
import { startProgram } from '../../programs/start.ts';
import { parseTimeWait } from '../kernel/sockstat.ts';
import { holdNetns } from './held-netns.ts';
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
 * ss is asked where there are more TIME_WAIT sockets than this: /proc/net/tcp has a line for each, which takes seconds
 * on a busy host.
 */
const MANY_TIME_WAIT = 20_000;

/** For tests. */
type ListOptions = { readonly proc?: string; readonly timeoutMs?: number; readonly manyTimeWait?: number };

/**
 * Lists every TCP socket of a namespace but those in TIME_WAIT, from /proc/net/tcp and tcp6, with its timer to 10 ms.
 * When many are in TIME_WAIT, ss is asked instead: the kernel leaves them out for it. ss tells timers to a second from
 * 10 s on, to a minute from 10 min on.
 *
 * @returns null where not all can be told: half a list would say that the other sockets are gone. Never throws
 */
export const listSocks = async (netns: Netns, options: ListOptions = {}): Promise<readonly ProcSock[] | null> => {
  const { proc = '/proc', timeoutMs = TIMEOUT_MS, manyTimeWait = MANY_TIME_WAIT } = options;
  try {
    if ((await countTimeWait(netns, proc, timeoutMs)) > manyTimeWait) {
      const socks = await listThroughSs(netns, timeoutMs, proc);
      if (typeof socks !== 'string') return socks;
    }
    const text = await readNetTables(netns, proc, timeoutMs);
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
): Promise<readonly ProcSock[] | string> => {
  const socks: ProcSock[] = [];
  let strange: string | null = null;
  const args = ['-OHtone', ...SS_STATES.flatMap((state) => ['state', state])];
  const why = await askSs(netns, args, { timeout, maxBuffer: MAX_SS_BYTES, proc }, (line) => {
    const sock = parseSsSock(line);
    if (sock !== null) socks.push(sock);
    else if (line !== '') strange ??= line;
  });
  return why ?? (strange === null ? socks : `this is no socket: ${strange}`);
};

/**
 * The number of TIME_WAIT sockets in a namespace; 0 where the kernel does not say. It only decides which way to read.
 * A process that has left the namespace meanwhile may give the number of another one.
 */
const countTimeWait = async (netns: Netns, proc: string, timeout: number): Promise<number> => {
  try {
    const [pid] = netns.pids;
    if (pid !== undefined) return parseTimeWait(await readFile(`${proc}/${pid}/net/sockstat`, 'utf8')) ?? 0;
    const said = await holdNetns(netns, proc, (inside) => {
      const [file, ...args] = inside('cat', '/proc/thread-self/net/sockstat');
      return startProgram(file, args, { timeout, stdin: 'ignore' });
    });
    return parseTimeWait(said?.stdout ?? '') ?? 0;
  } catch {
    return 0;
  }
};
