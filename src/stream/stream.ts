import type { AbnormalDeaths } from '../explain/abnormal.ts';
import type { ClosePath, Dying } from '../explain/close-path.ts';
import type { Deadline } from '../explain/deadline/deadline.ts';
import type { TraceNs } from '../kernel/units.ts';
import type { Silent } from '../lifecycle/baseline.ts';
import type { Sock } from '../lifecycle/sock.ts';
import type { Tracker } from '../lifecycle/tracker.ts';
import type { Meta } from '../wire/meta.ts';

declare const brand: unique symbol;
/** The host a stream was captured on: its name. The keys of all rows begin with it, so rows of two hosts never meet. */
export type HostId = string & { readonly [brand]: 'HostId' };

export const hostIdOf = (meta: Pick<Meta, 'host'>): HostId => meta.host as HostId;

/**
 * One run on one host, live or recorded. It begins with its meta, so nothing in it is null before the handshake: a sock
 * that somebody has was announced after it.
 */
export type Stream = {
  readonly meta: Meta;
  readonly host: HostId;
  readonly tracker: Tracker;
  /** The path of a sock that was destroyed, or so far. */
  readonly describe: (sock: Sock) => ClosePath;
  /** The paths of sockets that still are dying; those that only the inventory knows come last. */
  readonly describeRemaining: () => Iterable<ClosePath>;
  /** The same paths with their deadlines, as of the newest event. */
  readonly describeDying: () => Iterable<Dying>;
  /** One sock that is dying, with its deadline. */
  readonly describeOneDying: (sock: Sock) => Dying;
  /** The path of an orphan of the baseline from which no event has come. */
  readonly describeSilent: (orphan: Silent) => ClosePath;
  /** That path with its deadline. */
  readonly describeOneSilent: (orphan: Silent) => Dying;
  /** The moment at which the kernel will give up on it. */
  readonly deadline: (dying: Sock | Silent) => Deadline;
  /**
   * Abnormal ends by cause, closer and port, most first.
   *
   * @param since - only those that grew after it
   */
  readonly abnormal: (since?: number) => readonly AbnormalDeaths[];
  /** RFC 3339, UTC; empty for a time before the handshake. */
  readonly wallClock: (at: TraceNs) => string;
  /** The stream said goodbye: the probes were told to stop, and everything before it is here. */
  readonly isComplete: () => boolean;
  /** Ledger and kernel have differed at several samples in a row, with nothing under way that explains it. */
  readonly isInDoubt: () => boolean;
};
