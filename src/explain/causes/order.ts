import { ack } from './ack.ts';
import { acked } from './acked.ts';
import { dataAfterClose } from './data-after-close.ts';
import { delivering } from './delivering.ts';
import { finTimeout } from './fin-timeout.ts';
import { finWait2Timewait } from './fin-wait2-timewait.ts';
import { keepalive } from './keepalive.ts';
import { killed } from './killed.ts';
import { lastAck } from './last-ack.ts';
import { linger } from './linger.ts';
import { lingerZero } from './linger-zero.ts';
import { linger2 } from './linger2.ts';
import { listenerClosed } from './listener-closed.ts';
import { localReset } from './local-reset.ts';
import { neverConnected } from './never-connected.ts';
import { nothing } from './nothing.ts';
import { orphanLimit } from './orphan-limit.ts';
import { outOfMemory } from './out-of-memory.ts';
import { peerFin } from './peer-fin.ts';
import { peerReset } from './peer-reset.ts';
import { resources } from './resources.ts';
import { retries } from './retries.ts';
import { timeWait } from './time-wait.ts';
import { timeWaitOverflow } from './time-wait-overflow.ts';
import { unreadData } from './unread-data.ts';
import { userTimeout } from './user-timeout.ts';
import { window } from './window.ts';
import { windowProbes } from './window-probes.ts';

/** Every cause, and the order of the questions. All code that goes through the causes uses these lists. */

/** Things that a dying socket can wait for, in the order of their questions. The first yes is the answer. */
export const WAITS = [linger, delivering, window, ack, lastAck, peerFin, nothing] as const;

/**
 * Every way to end, in the order of the questions. The first yes is the answer. If two could say yes, the one that the
 * kernel checks first stands first: unread data before SO_LINGER, TCP_USER_TIMEOUT before retries. A child that nobody
 * accepted ends by keepalive before its listener is closed. A reset is the peer's unless this host made it.
 */
export const ENDINGS = [
  killed,
  neverConnected,
  keepalive,
  listenerClosed,
  unreadData,
  lingerZero,
  orphanLimit,
  outOfMemory,
  dataAfterClose,
  localReset,
  peerReset,
  linger2,
  userTimeout,
  windowProbes,
  retries,
  finTimeout,
  acked,
  timeWait,
  finWait2Timewait,
  timeWaitOverflow,
  resources,
] as const;

/**
 * The order for people, in `explain --list` and docs/causes: first the things that a socket waits for, then the
 * ordinary ends, then the other ends.
 */
export const WAITING_CAUSES = [ack, window, delivering, peerFin, lastAck, linger] as const;
export const ENDING_CAUSES = [
  acked,
  timeWait,
  finWait2Timewait,
  timeWaitOverflow,
  neverConnected,
  listenerClosed,
  retries,
  windowProbes,
  userTimeout,
  keepalive,
  finTimeout,
  peerReset,
  localReset,
  dataAfterClose,
  linger2,
  lingerZero,
  unreadData,
  killed,
  orphanLimit,
  outOfMemory,
  resources,
] as const;
export const CAUSES = [...WAITING_CAUSES, ...ENDING_CAUSES] as const;

type NamedCause = (typeof CAUSES)[number];

const BY_NAME: ReadonlyMap<string, NamedCause> = new Map(CAUSES.map((cause) => [cause.name, cause]));

/** The texts about a cause; null for `unknown` and for a word that is no cause. */
export const causeNamed = (name: string): NamedCause | null => BY_NAME.get(name) ?? null;
