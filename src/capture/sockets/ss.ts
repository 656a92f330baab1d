import { Fault } from '../../kernel/fault.ts';
import { TCP } from '../../kernel/tcp-state.ts';
import { needProgram } from '../../programs/find.ts';
import { cancelledBy, startProgram } from '../../programs/start.ts';
import { type Command, holdNetns } from './held-netns.ts';
import { inSlices } from './in-slices.ts';
import { type Netns, ownNetns } from './netns.ts';
import type { ProcSock } from './proc-net-tcp.ts';

type Bounds = {
  readonly timeout: number;
  readonly maxBuffer: number;
  readonly proc?: string;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Runs ss in a namespace and hands out its lines once ss has told all.
 *
 * @param timeout - ms; `proc` is where the processes are
 * @param maxBuffer - bytes
 * @param signal - aborted: ss is killed
 * @returns the reason where ss could not tell all; null when it could. Never throws
 */
export const askSs = async (
  netns: Netns,
  args: readonly string[],
  { timeout, maxBuffer, proc = '/proc', signal }: Bounds,
  take: (line: string) => void,
): Promise<string | null> => {
  const run = async (...[file, ...rest]: Command) => ({
    file,
    result: await startProgram(file, rest, {
      reject: false,
      timeout,
      maxBuffer,
      killSignal: 'SIGKILL',
      ...cancelledBy(signal),
      env: { LC_ALL: 'C' },
    }),
  });
  const asked = async (): Promise<Awaited<ReturnType<typeof run>> | null> =>
    netns.inode === ownNetns()
      ? run(needProgram('ss'), ...args)
      : holdNetns(netns, proc, (inside) => run(...inside('ss', ...args)));
  let ran: Awaited<ReturnType<typeof run>> | null;
  try {
    ran = await asked();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.message;
  }
  if (ran === null) return 'no process and no mount leads to the namespace any more';
  const { file, result } = ran;
  await inSlices(result.stdout ?? '', take);
  if (!result.failed) return null;
  if (result.isCanceled) return 'the capture has ended';
  if (result.timedOut) return `ss took more than ${timeout / 1000} s`;
  if (result.isMaxBuffer) return 'ss had too much to say';
  return `${file}: ${(result.stderr ?? '').split('\n')[0]}`;
};

/** Address and port as ss shows them: ss adds an interface to a link-local address, and writes `*` for any. */
export const endpointOf = (text: string): readonly [string, string] | null => {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]%]+)(?:%[^\]]*)?\](?:%[^:]*)?|([^:%[\]]+)(?:%[^:]*)?):(\d{1,5}|\*)$/.exec(text) ?? [];
  const address = bracketed ?? plain;
  return address === undefined || port === undefined ? null : [address === '*' ? '::' : address, port];
};

/** ss's names of the states, by the kernel's numbers. @see Linux include/net/tcp_states.h */
const STATES: readonly string[] = [
  '',
  'ESTAB',
  'SYN-SENT',
  'SYN-RECV',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'TIME-WAIT',
  'UNCONN',
  'CLOSE-WAIT',
  'LAST-ACK',
  'LISTEN',
  'CLOSING',
];

/** @see Linux net/ipv4/inet_diag.c, inet_sk_diag_fill; the numbers are those of /proc/net/tcp */
const TIMERS: Readonly<Record<string, number>> = { off: 0, on: 1, keepalive: 2, timewait: 3, persist: 4 };
const WINDOW_PROBE = TIMERS['persist'];
const RETRANSMISSION = TIMERS['on'];

const LINE =
  /^([A-Z0-9-]{3,12}) +(\d{1,10}) +(\d{1,10}) +(\S+) +(\S+)(?:\s+timer:\(([a-z]+),([0-9a-z.]*),(\d{1,3})\))?(?:\s+uid:\d+)?\s+ino:(\d{1,15})(?:\s|$)/;

/**
 * Reads a line of `ss -OHtone`, asked for several states, into the form of a line of /proc/net/tcp.
 *
 * ss counts either retransmission timeouts or unanswered probes, whichever timer runs. The other count is 0 then: the
 * probe timer runs only with nothing in flight.
 *
 * @returns null for a line that is no socket
 */
export const parseSsSock = (line: string): ProcSock | null => {
  const [, name = '', rx, tx, local = '', peer = '', timerName = 'off', left = '', tries, inode] =
    LINE.exec(line) ?? [];
  const state = STATES.indexOf(name);
  const timer = TIMERS[timerName];
  const [laddr, lport] = endpointOf(local) ?? [];
  const [raddr, rport] = endpointOf(peer) ?? [];
  const timerMs = msOf(left);
  if (state <= 0 || timer === undefined || timerMs === null) return null;
  if (laddr === undefined || raddr === undefined) return null;
  return {
    family: laddr.includes(':') ? 'ipv6' : 'ipv4',
    laddr,
    lport: portOf(lport),
    raddr,
    rport: portOf(rport),
    state,
    // For a listener ss gives the number of connections that may wait.
    txQueue: state === TCP.LISTEN ? 0 : Number(tx),
    rxQueue: Number(rx),
    timer,
    timerMs,
    retransmits: timer === RETRANSMISSION ? Number(tries ?? 0) : 0,
    probesOut: timer === WINDOW_PROBE ? Number(tries ?? 0) : 0,
    inode: Number(inode),
  };
};

const portOf = (text: string | undefined): number => (text === undefined || text === '*' ? 0 : Number(text));

/**
 * ss writes 1,234 ms as "1.234ms", newer versions as "1.234sec". It leaves out the ms from 10 s on, and the seconds
 * from 10 min on.
 */
const TIME = /^(?:(\d{1,6})min)?(?:(\d{1,2})sec|(\d)\.(\d{3})(?:sec|ms)|(\d{3})ms)?$/;

const msOf = (text: string): number | null => {
  const m = TIME.exec(text);
  if (m === null) return null;
  const [minutes, seconds, second, fraction, ms] = m.slice(1).map((digits) => Number(digits ?? 0));
  return ((minutes ?? 0) * 60 + (seconds ?? 0) + (second ?? 0)) * 1000 + (fraction ?? 0) + (ms ?? 0);
};
