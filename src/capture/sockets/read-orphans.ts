import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProgram } from '../../programs/start.ts';
import { ownLine } from '../../wire/own-lines.ts';
import type { BootClock } from '../kernel/boot-clock.ts';
import { holdNetns } from './held-netns.ts';
import type { ListedOrphan } from './inventory.ts';
import { listNetns, type Netns, ownNetns } from './netns.ts';
import { createCgroupIds, ORPHAN_ARGS, type OrphanInfo, parseOrphanInfo } from './orphan-info.ts';
import { askSs } from './ss.ts';

/** The baseline is read again this often, ms. */
const EVERY_MS = 10_000;
/**
 * Or more seldom, where there is much to read: so much later for each socket that ss tells of, and for each namespace, for
 * which two programs are started, ms. finwait and ss take some 30 to 40 us of CPU time for a socket (docs/measurements.md).
 */
const PER_SOCKET_MS = 1.5;
const PER_NAMESPACE_MS = 600;
const TIMEOUT_MS = 10_000;
const MAX_SS_BYTES = 256_000_000;

export type ReadOptions = {
  readonly clock: BootClock;
  readonly put: (line: string) => void;
  /** The baseline. */
  readonly orphans: readonly ListedOrphan[];
};

export type Readings = {
  /** Nothing is put any more. */
  readonly stop: () => void;
};

/**
 * Reads the orphans of the baseline through sock_diag, now and every 10 s, and puts an `o` line for each into the stream.
 * No event may come from them for minutes, and their close was not seen: this is all that can be known of them.
 *
 * It ends when none of them is listed any more. It does not know which of them have shown an event since; the reader of
 * the stream does, and passes over their lines.
 */
export const startReadings = ({ clock, put, orphans }: ReadOptions): Readings => {
  /** Cookies by namespace and endpoints; null until the first reading. */
  const wanted = new Map<number, Map<string, string | null>>();
  for (const { netns, sock } of orphans) {
    const within = wanted.get(netns) ?? new Map<string, string | null>();
    within.set(endpointsOf(sock), null);
    wanted.set(netns, within);
  }
  const cgroupIdOf = createCgroupIds();
  const end = new AbortController();
  /** The sockets that ss has told of, and the namespaces that were asked, since this reading began. */
  let told = 0;
  let asked = 0;

  const readWithin = async (netns: Netns, within: Map<string, string | null>): Promise<void> => {
    const sysctls = await readSysctls(netns);
    const seen = new Map<string, string>();
    asked++;
    const why = await askSs(
      netns,
      ORPHAN_ARGS,
      { timeout: TIMEOUT_MS, maxBuffer: MAX_SS_BYTES, signal: end.signal },
      (line) => {
        told++;
        const info = parseOrphanInfo(line);
        if (info === null || end.signal.aborted) return;
        const key = endpointsOf(info.sock);
        const cookie = within.get(key);
        // Another socket may have the endpoints of one that has gone.
        if (cookie === undefined || (cookie !== null && cookie !== info.cookie)) return;
        seen.set(key, info.cookie);
        put(lineOf(clock.now(), netns.inode, info, cgroupIdOf, sysctls));
      },
    );
    if (why !== null) return;
    for (const key of within.keys()) {
      const cookie = seen.get(key);
      if (cookie === undefined) within.delete(key);
      else within.set(key, cookie);
    }
    if (within.size === 0) wanted.delete(netns.inode);
  };

  const readAll = async (): Promise<void> => {
    for (const netns of listNetns().namespaces) {
      const within = wanted.get(netns.inode);
      if (within !== undefined && !end.signal.aborted) await readWithin(netns, within);
    }
  };

  const run = async (): Promise<void> => {
    while (wanted.size > 0 && !end.signal.aborted) {
      told = 0;
      asked = 0;
      await readAll();
      const pauseMs = Math.max(EVERY_MS, told * PER_SOCKET_MS + asked * PER_NAMESPACE_MS);
      await sleep(pauseMs, undefined, { signal: end.signal, ref: false });
    }
  };
  run().catch((error: unknown) => {
    if (end.signal.aborted) return;
    put(ownLine.notice(clock.now(), `the orphans of the baseline are not read any more: ${String(error)}`));
  });
  return { stop: () => end.abort() };
};

const endpointsOf = ({ laddr, lport, raddr, rport }: ListedOrphan['sock']): string =>
  `${laddr} ${lport} ${raddr} ${rport}`;

const lineOf = (
  at: bigint,
  netns: number,
  { sock, ...info }: OrphanInfo,
  cgroupIdOf: (path: string) => string | null,
  sysctls: Sysctls | null,
): string =>
  ownLine.orphanRead(at, [
    ...[netns, sock.family, sock.laddr, sock.lport, sock.raddr, sock.rport, sock.state],
    ...[info.cookie, info.uid, info.cgroup === null ? null : cgroupIdOf(info.cgroup)],
    ...[sock.retransmits, sock.txQueue, sock.timer, sock.timerMs, sock.probesOut],
    ...[info.backoff, info.rtoUs, info.packetsOut, info.notSent, info.sndWnd],
    ...[info.wmemQueued, info.rmemAlloc, info.forwardAlloc, info.lastSendMs, info.lastAckMs],
    ...(sysctls ?? [null, null, null]),
  ]);

/** tcp_orphan_retries, tcp_retries2 and tcp_rto_max_ms; the last is 0 where the kernel has none. */
type Sysctls = readonly [number, number, number];

const FOLDER = '/proc/sys/net/ipv4';
const NAMES = ['tcp_orphan_retries', 'tcp_retries2', 'tcp_rto_max_ms'] as const;

/** @returns null where they cannot be read */
const readSysctls = async (netns: Netns): Promise<Sysctls | null> => {
  const paths = NAMES.map((name) => `${FOLDER}/${name}`).filter((path) => existsSync(path));
  try {
    if (netns.inode === ownNetns()) return parseSysctls(paths.map((path) => readFileSync(path, 'utf8')).join(''));
    const said = await holdNetns(netns, '/proc', (inside) => {
      const [file, ...args] = inside('cat', ...paths);
      return startProgram(file, args, { timeout: TIMEOUT_MS, stdin: 'ignore' });
    });
    return parseSysctls(said?.stdout ?? '');
  } catch {
    return null;
  }
};

const parseSysctls = (text: string): Sysctls | null => {
  const [, orphanRetries, retries2, rtoMaxMs] = /^(\d{1,3})\n(\d{1,3})(?:\n(\d{1,7}))?\n?$/.exec(text) ?? [];
  return retries2 === undefined ? null : [Number(orphanRetries), Number(retries2), Number(rtoMaxMs ?? 0)];
};
