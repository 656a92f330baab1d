import { BOUNDS } from '../wire/bounds.ts';
import type { Inventoried, OrphanRead, Tuple } from '../wire/event.ts';
import { parseAnnounce } from '../wire/evidence.ts';
import { type Acked, type Progress, progressed } from './progress.ts';

export const tupleOf = (on: Tuple): string => `${on.netns} ${on.laddr} ${on.lport} ${on.raddr} ${on.rport}`;

/** Namespace, addresses and ports of an announced sock: all that it shares with its line of /proc/net/tcp. */
export const tupleOfLine = (line: string): string => tupleOf(parseAnnounce(line));

/** The facts of a reading beside the orphan's own, with its time. Null is unknown. */
export type Reading = Omit<OrphanRead, 'kind' | keyof Tuple | 'family' | 'state' | 'retransmits' | 'txQueue' | 'timer'>;

/**
 * An orphan of the baseline from which no event has come. Its state, timer and counts are those of the newest reading;
 * `at` is when the inventory listed it.
 */
export type Silent = Inventoried & {
  /** Null until sock_diag was asked, and in older recordings. */
  readonly reading: Reading | null;
  /** Readings showed that its data is acknowledged piece by piece; null while none did. */
  readonly progress: Progress | null;
  /** A later inventory found it: its close was during the capture, and was missed. */
  readonly isMissed: boolean;
};

/** A silent orphan that was read: its timer is known. */
export type Read = Silent & { readonly reading: Reading; readonly timer: NonNullable<Inventoried['timer']> };

export const isRead = (orphan: Silent): orphan is Read => orphan.reading !== null && orphan.timer !== null;

/** The orphans that were there before the capture. They are collected from attach to the end of the inventory. */
export type Baseline = {
  readonly isDone: () => boolean;
  /** A line of /proc/net/tcp. @returns false where there are too many already: this one is not kept */
  readonly list: (orphan: Inventoried) => boolean;
  /** A sock was announced: until the inventory is done, its line there is not a second sock. @returns the same */
  readonly see: (tuple: string) => boolean;
  /** True if every line of the inventory that is open now was kept. */
  readonly isWhole: () => boolean;
  readonly listedCount: () => number;
  readonly has: (tuple: string) => boolean;
  /** True if the inventory that is open now has listed this tuple, even if it was taken since. */
  readonly wasListed: (tuple: string) => boolean;
  /** The silent ones that the open inventory, a later one, has not listed. */
  readonly missing: () => readonly string[];
  /** Orphans that the open inventory, a later one, has listed and that are not among the silent. */
  readonly others: () => readonly Inventoried[];
  /** An orphan whose close was missed is silent from now on. @returns false where there are too many already */
  readonly add: (orphan: Inventoried) => boolean;
  /** A silent one has gone. */
  readonly drop: (tuple: string) => void;
  /** Closes a later inventory. */
  readonly forget: () => void;
  /** A silent orphan was read again. A reading of any other socket changes nothing. */
  readonly read: (reading: OrphanRead) => void;
  /** An orphan whose close was not observed shows itself. @returns its line of the inventory; null where it had none */
  readonly adopt: (tuple: string) => Silent | null;
  /** The inventory is complete. @returns the size of the baseline, those seen already included */
  readonly end: () => number;
  /** The silent ones that have not been read. */
  readonly notReadCount: () => number;
  /** Orphans of the first inventory that have shown no event yet. */
  readonly silent: ReadonlyMap<string, Silent>;
};

export const createBaseline = (): Baseline => {
  const silent = new Map<string, Silent>();
  let notRead = 0;
  /** Shared by the orphans of a namespace, which come one after the other. */
  let sysctls: Reading['sysctls'] = null;
  let previous: Silent | null = null;
  /** The orphans that the open inventory has listed. The first one leaves out those that still are among the silent. */
  const listed = new Map<string, Inventoried | null>();
  let listedCount = 0;
  const seen = new Set<string>();
  let adoptedBefore = 0;
  let isDone = false;
  let isWhole = true;
  const wasListed = (tuple: string): boolean => listed.has(tuple) || (!isDone && silent.has(tuple));
  const add = (tuple: string, orphan: Inventoried, isMissed = false): void => {
    if (silent.get(tuple)?.reading !== null) notRead++;
    previous = { ...orphan, ...sharedAddresses(orphan, previous), reading: null, progress: null, isMissed };
    silent.set(tuple, previous);
  };
  const remove = (tuple: string): void => {
    const orphan = silent.get(tuple);
    if (orphan === undefined) return;
    if (orphan.reading === null) notRead--;
    silent.delete(tuple);
    if (!isDone) listed.set(tuple, null);
  };
  return {
    isDone: () => isDone,
    list: (orphan) => {
      if (listedCount >= BOUNDS.inventory) {
        isWhole = false;
        return false;
      }
      const tuple = tupleOf(orphan);
      if (!wasListed(tuple)) listedCount++;
      if (isDone) listed.set(tuple, orphan);
      else add(tuple, orphan);
      return true;
    },
    see: (tuple) => {
      if (seen.size >= BOUNDS.inventory) return false;
      seen.add(tuple);
      return true;
    },
    isWhole: () => isWhole,
    listedCount: () => listedCount,
    has: (tuple) => silent.has(tuple),
    wasListed,
    missing: () => [...silent.keys()].filter((tuple) => !listed.has(tuple)),
    others: () => [...listed].flatMap(([tuple, orphan]) => (orphan === null || silent.has(tuple) ? [] : [orphan])),
    add: (orphan) => {
      if (silent.size >= BOUNDS.inventory) return false;
      add(tupleOf(orphan), orphan, true);
      return true;
    },
    drop: remove,
    forget: () => {
      listed.clear();
      listedCount = 0;
      isWhole = true;
    },
    read: (reading) => {
      const tuple = tupleOf(reading);
      const orphan = silent.get(tuple);
      if (orphan === undefined) return;
      // Another socket may have the endpoints by now.
      if (orphan.reading !== null && orphan.reading.cookie !== reading.cookie) return;
      if (orphan.reading === null) notRead--;
      sysctls = isEqual(sysctls, reading.sysctls) ? sysctls : reading.sysctls;
      silent.set(tuple, withReading(orphan, reading, sysctls));
    },
    notReadCount: () => notRead,
    adopt: (tuple) => {
      const known = silent.get(tuple) ?? null;
      remove(tuple);
      if (!isDone) adoptedBefore++;
      return known;
    },
    end: () => {
      // The ledger has what was seen dying since the probes attached.
      for (const tuple of seen) remove(tuple);
      listed.clear();
      listedCount = 0;
      seen.clear();
      isDone = true;
      isWhole = true;
      return silent.size + adoptedBefore;
    },
    silent,
  };
};

/** Orphans that are listed one after the other share the texts of their equal addresses: there may be 262,144 of them. */
const sharedAddresses = (orphan: Inventoried, previous: Inventoried | null): Pick<Inventoried, 'laddr' | 'raddr'> => ({
  laddr: orphan.laddr === previous?.laddr ? previous.laddr : orphan.laddr,
  raddr: orphan.raddr === previous?.raddr ? previous.raddr : orphan.raddr,
});

/** No more is kept than the reading adds: there may be a hundred thousand of them. */
const withReading = (orphan: Silent, read: OrphanRead, sysctls: Reading['sysctls']): Silent => ({
  ...orphan,
  state: read.state,
  retransmits: read.retransmits,
  txQueue: read.txQueue,
  timer: read.timer,
  progress:
    orphan.reading === null ? null : progressed(orphan.progress, ackedBy(orphan, orphan.reading), ackedBy(read, read)),
  reading: {
    at: read.at,
    cookie: read.cookie,
    uid: read.uid,
    cgroupId: read.cgroupId,
    backoff: read.backoff,
    rtoMs: read.rtoMs,
    packetsOut: read.packetsOut,
    notSent: read.notSent,
    sndWnd: read.sndWnd,
    wmemQueued: read.wmemQueued,
    rmemAlloc: read.rmemAlloc,
    forwardAlloc: read.forwardAlloc,
    lastSendMs: read.lastSendMs,
    lastAckMs: read.lastAckMs,
    sysctls,
  },
});

/**
 * An orphan has queued its FIN, so `write_seq` stays as it is. It is not known: `snd_una` counts from it.
 */
const ackedBy = ({ txQueue }: Pick<OrphanRead, 'txQueue'>, { at }: Pick<OrphanRead, 'at'>): Acked => ({
  at,
  una: -txQueue >>> 0,
});

const isEqual = (a: Reading['sysctls'], b: Reading['sysctls']): boolean =>
  a !== null &&
  b !== null &&
  a.orphanRetries === b.orphanRetries &&
  a.retries2 === b.retries2 &&
  a.rtoMaxMs === b.rtoMaxMs;
