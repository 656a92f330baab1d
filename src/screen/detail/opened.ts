import type { ClosePath, Dying as DyingPath } from '../../explain/close-path.ts';
import type { Silent } from '../../lifecycle/baseline.ts';
import type { Sock } from '../../lifecycle/sock.ts';
import type { HostId, Stream } from '../../stream/stream.ts';
import { type Dying, isSame, isSock } from '../table/pass.ts';
import { keyOf } from '../table/rows.ts';
import { isSockOfOrphan, sockOfOrphan, stillSilent } from '../table/sock-of-orphan.ts';

/** The socket whose close path is open on the screen. Follows it when it dies or moves between lists. */
export type Opened = {
  /** Opens this row, or closes the open one. */
  readonly open: (key: string | null) => void;
  /**
   * The path of the open row.
   *
   * @param row - the socket behind the row when it was last on the screen
   * @param isStill - the screen is paused: a socket that has gone since is shown as it was
   * @returns null if no path is known (any more)
   */
  readonly path: (row: Dying | undefined, source: Stream, isStill: boolean) => ClosePath | DyingPath | null;
  /** Keeps the path of a sock that ended, if it is the open one. */
  readonly onEnd: (sock: Sock, source: Stream) => void;
};

type OpenSilent = {
  readonly kind: 'silent';
  readonly orphan: Silent;
  /** It was among the silent orphans while it was open. */
  readonly wasSeen: boolean;
  /** The inventory was complete by then. */
  readonly isListed: boolean;
};

type Followed =
  | { readonly kind: 'nothing' }
  | OpenSilent
  /** `newest` is its last description while it lived: a sock is finished some moments after it is destroyed. */
  | { readonly kind: 'sock'; readonly sock: Sock; readonly newest: DyingPath | null }
  | { readonly kind: 'over'; readonly path: ClosePath | null };

const NOTHING: Followed = { kind: 'nothing' };

export const createOpened = (): Opened => {
  let opened: string | null = null;
  let at: Followed = NOTHING;

  const pathOfSock = (sock: Sock, newest: DyingPath | null, source: Stream, isStill: boolean) => {
    const current = source.tracker.current(sock);
    if (current !== undefined) {
      const path = source.describeOneDying(current);
      at = { kind: 'sock', sock, newest: path };
      return path;
    }
    at = { kind: 'sock', sock, newest };
    if (newest !== null) return newest;
    if (sock.destroyedAt !== null) return source.describe(sock);
    return isStill ? source.describeOneDying(sock) : null;
  };

  const pathOfSilent = (on: OpenSilent, source: Stream, isStill: boolean): ClosePath | DyingPath | null => {
    const { tracker } = source;
    const listed = stillSilent(tracker, on.orphan);
    if (listed !== null) at = { ...on, orphan: listed, wasSeen: true, isListed: hasInventory(source) };
    if (listed !== null || isStill) {
      const orphan = listed ?? on.orphan;
      return source.describeOneSilent(orphan);
    }
    const sock = sockOfOrphan(tracker, on.orphan, on.isListed);
    if (sock !== null) return pathOfSock(sock, null, source, isStill);
    // If it had gone before it was opened, nothing about its end was kept.
    at = { kind: 'over', path: on.wasSeen && on.isListed ? pathOfMissedDestroy(on.orphan, source) : null };
    return at.path;
  };

  return {
    open: (key) => {
      if (key === opened) return;
      opened = key;
      at = NOTHING;
    },
    path: (row, source, isStill) => {
      if (opened === null) return null;
      if (at.kind === 'nothing' && row !== undefined) {
        at = isSock(row)
          ? { kind: 'sock', sock: row, newest: null }
          : { kind: 'silent', orphan: row, wasSeen: false, isListed: hasInventory(source) };
      }
      switch (at.kind) {
        case 'nothing':
          return null;
        case 'silent':
          return pathOfSilent(at, source, isStill);
        case 'sock':
          return pathOfSock(at.sock, at.newest, source, isStill);
        case 'over':
          return at.path;
      }
    },
    onEnd: (sock, source) => {
      if (opened !== null && isOf(source.host, sock, at, opened)) at = { kind: 'over', path: source.describe(sock) };
    },
  };
};

const hasInventory = ({ tracker }: Stream): boolean => tracker.ledger().orphans !== null;

const isOf = (host: HostId, sock: Sock, at: Followed, opened: string): boolean => {
  switch (at.kind) {
    case 'nothing':
      return keyOf(host, sock) === opened;
    case 'silent':
      return isSockOfOrphan(sock, at.orphan, at.isListed);
    case 'sock':
      return isSame(sock, at.sock);
    case 'over':
      return false;
  }
};

/** The last known facts about an orphan that a later inventory no longer listed. */
const pathOfMissedDestroy = (orphan: Silent, { describeSilent }: Stream): ClosePath => {
  const path = describeSilent(orphan);
  return {
    ...path,
    ended_by: 'unknown',
    side: 'unknown',
    because: [
      ...path.because,
      'no event of it came, and a later listing did not have it: nobody saw when it went, or how',
    ],
    advice: [],
    gaps: [...path.gaps, 'destroy_missed'],
  };
};
