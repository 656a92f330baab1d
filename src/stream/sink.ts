import type { AbnormalDeaths } from '../explain/abnormal.ts';
import type { ClosePath, Dying } from '../explain/close-path.ts';
import type { TalliedDeaths } from '../explain/tally.ts';
import type { Fault } from '../kernel/fault.ts';
import type { LedgerRow } from '../lifecycle/ledger.ts';
import type { Sock } from '../lifecycle/sock.ts';
import type { HostRecord } from './records/host.ts';
import type { LedgerRecord } from './records/ledger.ts';
import type { Stream } from './stream.ts';

/** The end of a run. */
export type RunEnd = {
  /** The fault that ended it; null for its natural end, and when the user ended it. */
  readonly fault: Fault | null;
  /** It was a recording that has no end. */
  readonly isCut: boolean;
};

/**
 * Takes what a stream tells. A sink names only what it wants to hear. Facts that no sink wants are not worked out.
 *
 * Order: `progress` at any time; `begin`; then paths, ledger records and notices as they come; when no more lines come,
 * what still is dying (`dying`, or `path` for a sink that has no `dying`), the tallies, the abnormal ends, the host, the last ledger record,
 * `finish`. At last `end`, also for a run that never began.
 */
export type Sink = {
  /** Undefined while it keeps up; else settled when it does again, or has gone. Lines that wait take memory. */
  readonly room?: () => Promise<void> | undefined;
  /** Nobody takes what it tells any more. */
  readonly isGone?: () => boolean;
  /** A word for the user before and beside the data: which backend is tried, that a recording is cut off. */
  readonly progress?: (text: string) => void;
  readonly begin?: (stream: Stream) => void;
  /** Each line as it came in. */
  readonly line?: (line: string) => void;
  /** A sock was destroyed. For sinks that describe only the socks that somebody looks at. */
  readonly sock?: (sock: Sock) => void;
  /** A sock was destroyed, and this is its path. */
  readonly path?: (path: ClosePath) => void;
  readonly dying?: (dying: Dying) => void;
  /** Once a second, and last of all. */
  readonly ledger?: (record: LedgerRecord, row: LedgerRow) => void;
  readonly tally?: (deaths: TalliedDeaths) => void;
  /** Abnormal ends by cause, closer and port. Those that are in a tally, too, are counted in both. */
  readonly abnormal?: (deaths: AbnormalDeaths) => void;
  readonly host?: (record: HostRecord) => void;
  /**
   * Something the user must know; it may hold any bytes.
   *
   * @param at - RFC 3339, or empty
   * @param lostWhere - where events were lost, if it tells of a loss. A view that shows the count of all losses says
   *   this, and not the text, which has the count of this one
   */
  readonly notice?: (text: string, at: string, lostWhere: string | null) => void;
  /** No more lines come. */
  readonly finish?: (end: RunEnd) => void;
  /** Flushes and gives back what it took. @throws Fault when the output is full or gone */
  readonly end?: (end: RunEnd) => Promise<void>;
};
