import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { cancelledBy, startProgram } from '../../programs/start.ts';
import { holdNetns, type Inside } from './held-netns.ts';
import { type Netns, netnsOf, ownNetns } from './netns.ts';
import { withoutTimeWait } from './without-time-wait.ts';

/** A word that only the heading of tcp6 has. @see Linux net/ipv6/tcp_ipv6.c, tcp6_seq_show */
const TCP6_HEADING = 'remote_address';
const INSIDE = ['/proc/thread-self/net/tcp', '/proc/thread-self/net/tcp6'] as const;
/**
 * Processes to try before a program is started in the namespace: a process costs nothing, the program 30 ms of work.
 */
const TRIES = 3;

/**
 * Inodes of a namespace's own tcp and tcp6; `tcp6` is null where IPv6 is off. Each namespace has files of its own, so
 * the inodes tell them apart even after opening.
 *
 * @see Linux fs/proc/generic.c, proc_register
 */
type Files = { readonly tcp: number; readonly tcp6: number | null };

/** Files by their namespace's inode. An outdated entry does no harm: a file with another inode is not read. */
const known = new Map<number, Files>();
const MAX_KNOWN = 4096;

/**
 * Reads /proc/net/tcp and tcp6 of a namespace, one after the other, without TIME_WAIT sockets; tcp alone where IPv6 is
 * off. A process may change its namespace in between, so its files are compared, and then its namespace.
 *
 * @returns null where they cannot be read to their end: half a list would say that the other sockets are gone
 */
export const readNetTables = async (
  netns: Netns,
  proc: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<string | null> => {
  if (netns.inode === ownNetns()) return readThrough(`${proc}/self/net`, null);
  const inside = (): Promise<string | null> => holdNetns(netns, proc, (enter) => readInside(enter, timeoutMs, signal));
  if (netns.pids.length === 0) return inside();
  const files = known.get(netns.inode) ?? (await learnFiles(netns, proc, timeoutMs, signal));
  if (files !== null) {
    for (const pid of netns.pids.slice(0, TRIES)) {
      const text = await readThrough(`${proc}/${pid}/net`, files).catch(() => null);
      if (text !== null && netnsOf(pid, proc) === netns.inode) return text;
    }
  }
  known.delete(netns.inode);
  return inside();
};

/** Reads the tables inside the namespace. @returns null where it cannot be entered */
const learnFiles = async (netns: Netns, proc: string, timeout: number, signal?: AbortSignal): Promise<Files | null> => {
  const said = await holdNetns(netns, proc, (inside) => {
    const [file, ...args] = inside('stat', '-L', '-c', '%i', ...INSIDE);
    return startProgram(file, args, { reject: false, timeout, stdin: 'ignore', ...cancelledBy(signal) });
  });
  const [, tcp, tcp6] = /^(\d{1,15})(?:\n(\d{1,15}))?$/.exec(said?.stdout ?? '') ?? [];
  if (tcp === undefined) return null;
  const files = { tcp: Number(tcp), tcp6: tcp6 === undefined ? null : Number(tcp6) };
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(netns.inode, files);
  return files;
};

/**
 * @param files - the files that must be there; null: any
 * @returns null when other files are there
 * @throws when a file is there and cannot be read
 */
const readThrough = async (net: string, files: Files | null): Promise<string | null> => {
  const tcp = await readTable(`${net}/tcp`, files?.tcp ?? null);
  if (tcp === null) return null;
  try {
    const tcp6 = await readTable(`${net}/tcp6`, files?.tcp6 ?? null);
    return tcp6 === null || files?.tcp6 === null ? null : tcp + tcp6;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    // The file is absent where IPv6 is off. All files are absent where the process has ended meanwhile.
    if (files !== null) return files.tcp6 === null && (await isThere(`${net}/tcp`, files.tcp)) ? tcp : null;
    return tcp;
  }
};

/** @returns null when the file is another one */
const readTable = async (path: string, inode: number | null): Promise<string | null> => {
  const file = await open(path);
  try {
    if (inode !== null && (await file.stat()).ino !== inode) return null;
    const sieve = withoutTimeWait();
    for await (const chunk of createReadStream('', { fd: file, autoClose: false })) sieve.push(chunk);
    return sieve.end().text;
  } finally {
    await file.close();
  }
};

const isThere = async (path: string, inode: number): Promise<boolean> => {
  let file: FileHandle | null = null;
  try {
    file = await open(path);
    return (await file.stat()).ino === inode;
  } catch {
    return false;
  } finally {
    await file?.close();
  }
};

const readInside = async (inside: Inside, timeout: number, signal?: AbortSignal): Promise<string | null> => {
  const [file, ...args] = inside('cat', ...INSIDE);
  const sieve = withoutTimeWait();
  const child = startProgram(file, args, {
    ...{ reject: false, timeout, buffer: false, stdin: 'ignore' },
    ...cancelledBy(signal),
  });
  child.stdout.on('data', sieve.push);
  child.stderr.resume();
  const result = await child;
  const { text, isWhole } = sieve.end();
  // A table that was cut off looks like a whole one.
  if (result.timedOut || result.isTerminated || !isWhole || text === '') return null;
  // cat also fails where IPv6 is off, but then before it has begun with tcp6.
  return result.failed && text.includes(TCP6_HEADING) ? null : text;
};
