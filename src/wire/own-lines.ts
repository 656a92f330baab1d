import { type TraceNs, traceNs } from '../kernel/units.ts';
import { asciiText } from './ascii-json.ts';
import { boundedText, ownText } from './bounds.ts';
import type { Inventoried, LoggedKind, OrphanRead, TcpMemory, TimedEvent } from './event.ts';
import type { HostFacts } from './host-facts.ts';
import { formatHostFacts, parseHostFacts } from './host-facts-json.ts';
import type { Scan } from './scan.ts';

/**
 * Lines that finwait itself puts into the stream, in small letters: facts from /proc, losses, faults. They are recorded
 * in their place, so that a replay sees what the live run saw.
 *
 * @param at - the line's time, read already
 * @param scan - stands behind the time
 * @returns null for a line that is none of these
 */
export const decodeOwnLine = (line: string, at: TraceNs, scan: Scan): TimedEvent | null => {
  switch (line.charCodeAt(0)) {
    case 0x69: {
      const orphan = listed(scan);
      const retransmits = decimal(scan);
      const txQueue = decimal(scan);
      // Recordings of the first day end here.
      const timer = scan.done() ? null : { kind: decimal(scan), ms: decimal(scan), probesOut: decimal(scan) };
      if (orphan === null) return null;
      return {
        kind: 'inventoried',
        at,
        ...orphan,
        retransmits,
        txQueue,
        timer,
      };
    }
    case 0x6f:
      return orphanRead(at, scan);
    case 0x65: {
      const before = decimal(scan);
      const namespaces = decimal(scan);
      const unreadable = decimal(scan);
      return { kind: 'inventory_end', at, attachedAt: traceNs(at - before), namespaces, unreadable };
    }
    case 0x6b: {
      const orphans = decimal(scan);
      const limit = decimal(scan);
      // Lines of early recordings end here.
      if (scan.done()) return { kind: 'sample', at, orphans, limit, memory: null };
      const memory = { pages: decimal(scan), low: decimal(scan), pressure: decimal(scan), high: decimal(scan) };
      return { kind: 'sample', at, orphans, limit, memory };
    }
    case 0x68: {
      const facts = parseHostFacts(scan.rest());
      return facts === null ? null : { kind: 'host_facts', at, facts };
    }
    case 0x6d: {
      const before = decimal(scan);
      const about = scan.word();
      const facility = decimal(scan);
      const text = boundedText(scan.rest());
      if ((about !== 'orphans' && about !== 'memory') || text === '') return null;
      return { kind: 'kernel_log', at, loggedAt: traceNs(at - before), about, facility, text };
    }
    case 0x77: {
      const wall = WALL.exec(scan.word());
      return wall === null ? null : { kind: 'wall_step', at, wallSec: Number(wall[1]), wallUsec: Number(wall[2]) };
    }
    case 0x6c: {
      const count = decimal(scan);
      return { kind: 'lost', at, count, where: boundedText(scan.rest()) };
    }
    case 0x6e:
      return { kind: 'notice', at, text: boundedText(scan.rest()) };
    default:
      return null;
  }
};

/** The endpoints and the state of an orphan. @returns null for values that none has */
const listed = (
  scan: Scan,
): Pick<Inventoried, 'netns' | 'family' | 'laddr' | 'lport' | 'raddr' | 'rport' | 'state'> | null => {
  const netns = decimal(scan);
  const family = scan.word();
  const laddr = scan.word();
  const lport = decimal(scan);
  const raddr = scan.word();
  const rport = decimal(scan);
  const state = decimal(scan);
  if (family !== 'ipv4' && family !== 'ipv6') return null;
  if (state < 1 || state > 12 || lport > 65_535 || rport > 65_535) return null;
  if (!isAddress(laddr) || !isAddress(raddr)) return null;
  return { netns, family, laddr: ownText(laddr), lport, raddr: ownText(raddr), rport, state };
};

const orphanRead = (at: TraceNs, scan: Scan): OrphanRead | null => {
  const orphan = listed(scan);
  const cookie = scan.word();
  const uid = decimal(scan);
  const cgroupId = scan.word();
  const retransmits = decimal(scan);
  const txQueue = decimal(scan);
  const timer = { kind: decimal(scan), ms: decimal(scan), probesOut: decimal(scan) };
  const backoff = decimal(scan);
  const rtoUs = decimal(scan);
  const packetsOut = decimal(scan);
  const notSent = decimal(scan);
  const sndWnd = known(scan);
  const wmemQueued = decimal(scan);
  const rmemAlloc = decimal(scan);
  const forwardAlloc = decimal(scan);
  const lastSendMs = decimal(scan);
  const lastAckMs = decimal(scan);
  const [orphanRetries, retries2, rtoMaxMs] = [known(scan), known(scan), known(scan)];
  if (orphan === null || !isId(cookie) || !(cgroupId === UNKNOWN || isId(cgroupId))) return null;
  if (Number.isNaN(sndWnd) || [orphanRetries, retries2, rtoMaxMs].some(Number.isNaN)) return null;
  return {
    kind: 'orphan_read',
    at,
    ...orphan,
    cookie: ownText(cookie),
    uid,
    cgroupId: cgroupId === UNKNOWN ? null : ownText(cgroupId),
    retransmits,
    txQueue,
    timer,
    backoff,
    rtoMs: rtoUs / 1000,
    packetsOut,
    notSent,
    sndWnd,
    wmemQueued,
    rmemAlloc,
    forwardAlloc,
    lastSendMs,
    lastAckMs,
    sysctls:
      orphanRetries === null || retries2 === null || rtoMaxMs === null ? null : { orphanRetries, retries2, rtoMaxMs },
  };
};

/** Writes the same lines. `boot` is boot-clock nanoseconds; text must be free of line breaks. */
export const ownLine = {
  inventoried: (boot: bigint, fields: readonly (string | number)[]): string => `i ${boot} ${fields.join(' ')}`,
  /** @param fields - in the order of the schema; null is unknown */
  orphanRead: (boot: bigint, fields: readonly (string | number | null)[]): string =>
    `o ${boot} ${fields.map((field) => field ?? UNKNOWN).join(' ')}`,
  inventoryEnd: (boot: bigint, sinceAttachNs: bigint, namespaces: number, unreadable: number): string =>
    `e ${boot} ${sinceAttachNs} ${namespaces} ${unreadable}`,
  sample: (boot: bigint, orphans: number, limit: number, memory: TcpMemory | null): string =>
    `k ${boot} ${orphans} ${limit}${memory === null ? '' : ` ${memory.pages} ${memory.low} ${memory.pressure} ${memory.high}`}`,
  hostFacts: (boot: bigint, facts: HostFacts): string => `h ${boot} ${formatHostFacts(facts)}`,
  kernelLog: (boot: bigint, sinceLoggedNs: bigint, about: LoggedKind, facility: number, text: string): string =>
    `m ${boot} ${sinceLoggedNs} ${about} ${facility} ${oneLine(text)}`,
  /** @param wallNs - the wall clock at `boot`, ns since 1970 */
  wallStep: (boot: bigint, wallNs: bigint): string => {
    const us = (wallNs < 0n ? 0n : wallNs) / 1000n;
    return `w ${boot} ${us / 1_000_000n}.${String(us % 1_000_000n).padStart(6, '0')}`;
  },
  lost: (boot: bigint, count: number, where: string): string => `l ${boot} ${count} ${oneLine(where)}`,
  notice: (boot: bigint, text: string): string => `n ${boot} ${oneLine(text)}`,
};

/** Printable ASCII: people look at recordings as they are. */
const oneLine = (text: string): string => asciiText(text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim());

/** Characters of an address. The field reaches the terminal as it is, so it may hold no others. */
const isAddress = (text: string): boolean => /^[0-9a-f.:]{2,45}$/.test(text);

/** A wall clock, as the handshake has it too. */
export const WALL = /^(\d{1,12})\.(\d{6})$/;

/** Stands for a value that is not known. */
const UNKNOWN = '-';

/** A number, or null for one that is not known; NaN where it is neither. */
const known = (scan: Scan): number | null => {
  const text = scan.word();
  return text === UNKNOWN ? null : /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
};

/** A number of 64 bits, decimal. */
const isId = (text: string): boolean => /^\d{1,20}$/.test(text);

const decimal = (scan: Scan): number => {
  scan.decimal();
  return scan.above * 1e9 + scan.below;
};
