import type { HostFacts } from '../../wire/host-facts.ts';
import { lacksCapability } from '../kernel/capabilities.ts';
import { readPageBytes } from '../kernel/page-size.ts';
import { type OrphanGauge, readOrphanGauge } from '../kernel/sockstat.ts';
import { describeCloseWait, describeOwnerless } from '../sockets/close-wait.ts';
import { type HolderScan, scanHolders } from '../sockets/holders.ts';
import { listSocks } from '../sockets/list-socks.ts';
import { listNetns, type Netns } from '../sockets/netns.ts';
import type { ProcSock } from '../sockets/proc-net-tcp.ts';
import { severalAtOnce } from '../sockets/several.ts';
import { askSocketInfo, type SocketInfo } from '../sockets/socket-info.ts';
import { indexListeners, type Survey, survey } from '../sockets/socket-survey.ts';
import type { KernelLogFollower } from './kernel-log.ts';

/**
 * Asks the machine for its host facts. It takes some 50 ms on an idle host, 8 µs more for each file that any process has
 * open and 1.5 µs for each socket, in slices of a few ms. It never throws for want of something: that fact is null,
 * with a note.
 *
 * @param signal - aborted: what runs is killed, nothing more is begun, and the facts are not whole
 */
export const gatherHostFacts = async (
  log: Pick<KernelLogFollower, 'isReadable' | 'before'>,
  signal?: AbortSignal,
): Promise<HostFacts> => {
  const began = performance.now();
  const notes: string[] = [];
  const { namespaces, refused } = listNetns();
  const found = await surveyAll(namespaces, signal);
  const surveys = found.filter((each) => each !== null);
  const unreadable = found.length - surveys.length;
  if (unreadable > 0) {
    notes.push(
      `${unreadable} of ${surveys.length + unreadable} namespaces could not be read: their sockets are in no list`,
    );
  }
  if (refused > 0) {
    notes.push(
      `the network ${refused === 1 ? 'namespace of 1 process' : `namespaces of ${refused} processes`} could not be asked for${lacksCapability('CAP_SYS_PTRACE') ? ' (finwait lacks CAP_SYS_PTRACE)' : ''}: a namespace that only ${refused === 1 ? 'it is' : 'they are'} in is in no list`,
    );
  }
  const scanned = await scanHolders(wantedOf(surveys));
  // A process that hides its namespace may hold sockets in one that is in no list.
  const scan = { ...scanned, isComplete: scanned.isComplete && refused === 0 };
  if (scan.note !== null) notes.push(scan.note);
  for (const { netns, closeWait, bare } of surveys) {
    const passed = closeWait.count - closeWait.kept.length + bare.count - bare.kept.length;
    if (passed > 0)
      notes.push(
        `namespace ${netns.inode}: ${passed === 1 ? '1 socket was only counted: whose it is' : `${passed} sockets were only counted: whose they are`} is not known`,
      );
  }
  const unheld = scan.isComplete ? await confirmUnheld(surveys, scan, notes, signal) : null;
  const infos = new Map<number, ReadonlyMap<string, SocketInfo>>();
  const orphanMem = await askSs(surveys, infos, notes, signal);
  const sockets = { surveys, scan, infos, unheld };
  const gauge = readGauge(notes);
  return {
    ...gaugeFacts(gauge),
    took_ms: Math.round(performance.now() - began),
    orphan_mem_bytes: orphanMem,
    namespaces: surveys.length + unreadable,
    unreadable,
    sees_all_processes: scan.isComplete,
    close_wait: describeCloseWait(sockets),
    ownerless: describeOwnerless(sockets),
    kernel_log: {
      is_readable: log.isReadable(),
      orphans_before: log.before('orphans'),
      memory_before: log.before('memory'),
    },
    notes,
  };
};

/** Null stands for a namespace that could not be read. */
const surveyAll = (all: readonly Netns[], signal: AbortSignal | undefined): Promise<readonly (Survey | null)[]> =>
  severalAtOnce(
    all,
    async (netns) => {
      const socks = await listSocks(netns, { signal });
      return socks === null ? null : survey(netns, socks);
    },
    signal,
  );

/** The inodes whose processes somebody will ask for. */
const wantedOf = (surveys: readonly Survey[]): ReadonlySet<number> => {
  const wanted = new Set<number>();
  for (const { closeWait, bare, owned, listeners } of surveys) {
    const find = indexListeners(listeners);
    for (const inode of owned.keys()) wanted.add(inode);
    for (const sock of [...closeWait.kept, ...bare.kept]) {
      const inode = sock.inode === 0 ? find(sock)?.inode : sock.inode;
      if (inode !== undefined) wanted.add(inode);
    }
  }
  wanted.delete(0);
  return wanted;
};

/**
 * ESTABLISHED sockets that no process has open: those that the scan missed, that are still there after it, and that a
 * second scan misses too. One that was closed, or handed to another process, during the scan is none.
 *
 * @returns null where the second look failed, with a note: they are not known then
 */
const confirmUnheld = async (
  surveys: readonly Survey[],
  { held }: HolderScan,
  notes: string[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, readonly ProcSock[]> | null> => {
  const missedOf = ({ owned }: Survey): readonly number[] => [...owned.keys()].filter((inode) => !held.has(inode));
  const suspects = surveys.filter((each) => missedOf(each).length > 0);
  const again = await surveyAll(
    suspects.map(({ netns }) => netns),
    signal,
  );
  const left = new Map<number, { readonly still: Survey; readonly inodes: readonly number[] }>();
  for (const [i, { netns }] of suspects.entries()) {
    const still = again[i] ?? null;
    if (still === null) {
      notes.push(`namespace ${netns.inode}: it could not be listed again to see which sockets no process has`);
      return null;
    }
    const inodes = missedOf(suspects[i] as Survey).filter((inode) => still.owned.has(inode));
    if (inodes.length > 0) left.set(netns.inode, { still, inodes });
  }
  if (left.size === 0) return new Map();
  // One scan of all processes for all namespaces.
  const scan = await scanHolders(new Set([...left.values()].flatMap(({ inodes }) => inodes)));
  if (scan.note !== null) {
    notes.push(scan.note);
    return null;
  }
  return new Map(
    [...left].map(([netns, { still, inodes }]) => [
      netns,
      inodes.flatMap((inode) => (scan.held.has(inode) ? [] : (still.owned.get(inode) ?? []))),
    ]),
  );
};

/** @returns bytes that the orphans hold; null where ss could not tell of all of them */
const askSs = async (
  surveys: readonly Survey[],
  infos: Map<number, ReadonlyMap<string, SocketInfo>>,
  notes: string[],
  signal: AbortSignal | undefined,
): Promise<number | null> => {
  const asked = surveys.filter(({ closeWait, orphans }) => closeWait.count + orphans > 0);
  const answers = await severalAtOnce(
    asked,
    async ({ netns }): Promise<number | null> => {
      const byKey = new Map<string, SocketInfo>();
      let bytes: number | null = 0;
      const take = (info: SocketInfo): void => {
        if (info.state === 'CLOSE-WAIT') byKey.set(info.key, info);
        else if (info.inode === 0 && !info.isMinisock) bytes = add(bytes, info.memBytes);
      };
      const why = await askSocketInfo(netns, take, signal);
      infos.set(netns.inode, byKey);
      if (why !== null) notes.push(`namespace ${netns.inode}: ages and memory of sockets are not all known: ${why}`);
      return why === null ? bytes : null;
    },
    signal,
  );
  return answers.reduce(add, 0);
};

const add = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);

const readGauge = (notes: string[]): OrphanGauge | null => {
  try {
    return readOrphanGauge();
  } catch (error) {
    notes.push(`the kernel's TCP counters cannot be read: ${String(error)}`);
    return null;
  }
};

const gaugeFacts = (gauge: OrphanGauge | null) => ({
  orphans: gauge?.orphans ?? null,
  orphan_limit: gauge?.limit ?? null,
  time_wait: gauge?.timeWait ?? null,
  sockets_allocated: gauge?.allocated ?? null,
  page_bytes: readPageBytes(),
  mem_pages: gauge?.memory?.pages ?? null,
  mem_low_pages: gauge?.memory?.low ?? null,
  mem_pressure_pages: gauge?.memory?.pressure ?? null,
  mem_high_pages: gauge?.memory?.high ?? null,
});
