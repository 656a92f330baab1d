import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { startProgram } from '../programs/start.ts';
import { catInside } from './cat-inside.ts';
import type { Netns } from './netns.ts';
import { withoutTimeWait } from './without-time-wait.ts';

/** Stands in the heading of tcp6 alone. @see Linux net/ipv6/tcp_ipv6.c, tcp6_seq_show */
const TCP6_HEADING = 'remote_address';

/**
 * /proc/net/tcp and tcp6 of a namespace, one after the other, but for their TIME_WAIT sockets; tcp alone where IPv6 is off.
 *
 * @returns null where they cannot be read to their end: a half would say that the sockets of the other are gone
 * @throws where one is there and cannot be read
 */
export const readNetTables = async (netns: Netns, proc: string, timeoutMs: number): Promise<string | null> =>
  netns.pid === null ? readInside(netns.mount ?? '', timeoutMs) : readThrough(`${proc}/${netns.pid}/net`);

/** @throws where one is there and cannot be read */
const readThrough = async (net: string): Promise<string> => {
  const tcp = await readTable(`${net}/tcp`);
  try {
    return tcp + (await readTable(`${net}/tcp6`));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    // Absent where IPv6 is off; but so is all of it where the process has ended meanwhile.
    await access(`${net}/tcp`);
    return tcp;
  }
};

const readTable = async (path: string): Promise<string> => {
  const sieve = withoutTimeWait();
  for await (const chunk of createReadStream(path)) sieve.push(chunk);
  return sieve.end().text;
};

const readInside = async (mount: string, timeout: number): Promise<string | null> => {
  const sieve = withoutTimeWait();
  const files = ['/proc/thread-self/net/tcp', '/proc/thread-self/net/tcp6'];
  const [file, ...args] = catInside(mount, files);
  const child = startProgram(file, args, { reject: false, timeout, buffer: false, stdin: 'ignore' });
  child.stdout.on('data', sieve.push);
  child.stderr.resume();
  const result = await child;
  const { text, isWhole } = sieve.end();
  // What was cut off stands there as if it were all.
  if (result.timedOut || result.isTerminated || !isWhole || text === '') return null;
  // cat fails where IPv6 is off too, but then it has not begun with tcp6.
  return result.failed && text.includes(TCP6_HEADING) ? null : text;
};
