import { readFileSync, statSync } from 'node:fs';
import type { OrphanRead } from '../../wire/event.ts';
import { isOrphan, type ProcSock } from './proc-net-tcp.ts';
import { parseSsSock } from './ss.ts';

/** An orphan as sock_diag shows it. `sndWnd` is null where ss leaves it out: a window of 0, and older versions any. */
export type OrphanInfo = Pick<
  OrphanRead,
  | 'cookie'
  | 'uid'
  | 'backoff'
  | 'packetsOut'
  | 'notSent'
  | 'sndWnd'
  | 'wmemQueued'
  | 'rmemAlloc'
  | 'forwardAlloc'
  | 'lastSendMs'
  | 'lastAckMs'
> & {
  readonly sock: ProcSock;
  /** Path of its cgroup, or `unreachable:ID`; null where ss does not tell. */
  readonly cgroup: string | null;
  readonly rtoUs: number;
};

/** The arguments that make ss print what `parseOrphanInfo` reads. */
export const ORPHAN_ARGS: readonly string[] = [
  '-OHtnoiem',
  ...['fin-wait-1', 'fin-wait-2', 'last-ack', 'closing'].flatMap((state) => ['state', state]),
];

const MEMORY = / skmem:\(r(\d{1,10}),rb\d+,t\d+,tb\d+,f(\d{1,10}),w(\d{1,10}),/;

/**
 * Reads a line of ss. The path of the cgroup stands in its middle, and a user may choose that path, spaces and all. So
 * the fields before it are read up to it, and the fields behind it from the last `skmem:` on, which every full sk has.
 *
 * @returns null for a line that is no orphan
 */
export const parseOrphanInfo = (line: string): OrphanInfo | null => {
  const memoryAt = line.lastIndexOf(' skmem:(');
  const [before = ''] = line.slice(0, memoryAt).split(' cgroup:', 1);
  const sock = parseSsSock(before);
  if (memoryAt < 0 || sock === null || !isOrphan(sock)) return null;
  const info = line.slice(memoryAt);
  const memory = MEMORY.exec(info);
  const cookie = /(?:^| )sk:([0-9a-f]{1,16})(?: |$)/.exec(before)?.[1];
  const rto = /(?:^| )rto:(\d{1,9}(?:\.\d{1,6})?)/.exec(info)?.[1];
  if (memory === null || cookie === undefined || rto === undefined) return null;
  const window = FIGURES.sndWnd.exec(info)?.[1];
  return {
    sock,
    cookie: BigInt(`0x${cookie}`).toString(),
    uid: Number(/(?:^| )uid:(\d{1,10})(?: |$)/.exec(before)?.[1] ?? 0),
    cgroup: before.length === memoryAt ? null : cgroupOf(line.slice(before.length, memoryAt)),
    backoff: figureOf(FIGURES.backoff, info),
    rtoUs: Math.round(Number(rto) * 1000),
    packetsOut: figureOf(FIGURES.packetsOut, info),
    notSent: figureOf(FIGURES.notSent, info),
    sndWnd: window === undefined ? null : Number(window),
    rmemAlloc: Number(memory[1]),
    // sk_forward_alloc is signed, but printed as unsigned.
    forwardAlloc: Math.max(0, Number(memory[2]) | 0),
    wmemQueued: Number(memory[3]),
    lastSendMs: figureOf(FIGURES.lastSendMs, info),
    lastAckMs: figureOf(FIGURES.lastAckMs, info),
  };
};

const FIGURES = {
  backoff: / backoff:(\d{1,15})(?: |$)/,
  packetsOut: / unacked:(\d{1,15})(?: |$)/,
  notSent: / notsent:(\d{1,15})(?: |$)/,
  sndWnd: / snd_wnd:(\d{1,15})(?: |$)/,
  lastSendMs: / lastsnd:(\d{1,15})(?: |$)/,
  lastAckMs: / lastack:(\d{1,15})(?: |$)/,
} as const;

/** ss leaves out a figure that is 0. */
const figureOf = (figure: RegExp, info: string): number => Number(figure.exec(info)?.[1] ?? 0);

/** ` cgroup:PATH`, and behind it the arrow that shows which halves are shut: `---`, `-->`, `<--`, `<->`. */
const cgroupOf = (text: string): string => text.slice(' cgroup:'.length).replace(/ [<-]-[->]$/, '');

/**
 * Finds the id of a cgroup by the path that ss prints: the inode of its directory. Remembers what it found.
 *
 * @returns decimal; null where the directory cannot be looked at
 * @see Linux fs/kernfs/mount.c; iproute2 lib/fs.c, get_cgroup2_path
 */
export const createCgroupIds = (): ((path: string) => string | null) => {
  const mount = cgroupMount();
  const known = new Map<string, string | null>();
  return (path) => {
    const found = known.get(path);
    if (found !== undefined) return found;
    const id = idOf(mount, path);
    if (known.size < MAX_CGROUPS) known.set(path, id);
    return id;
  };
};

const MAX_CGROUPS = 4096;

const idOf = (mount: string | null, path: string): string | null => {
  const unreachable = /^unreachable:([0-9a-f]{1,16})$/.exec(path)?.[1];
  if (unreachable !== undefined) return BigInt(`0x${unreachable}`).toString();
  if (mount === null || !path.startsWith('/')) return null;
  try {
    return statSync(mount + path, { bigint: true }).ino.toString();
  } catch {
    return null;
  }
};

/** The folder on which cgroup2 is mounted; null for none. */
const cgroupMount = (): string | null => {
  try {
    for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
      const fields = line.split(' ');
      // The optional fields end at the dash.
      if (fields[fields.indexOf('-') + 1] === 'cgroup2') return fields[4] ?? null;
    }
  } catch {
    // Without /proc nothing is known.
  }
  return null;
};
