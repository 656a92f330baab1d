import { TCP } from '../../kernel/tcp-state.ts';
import { counted, thousands } from '../../text/count.ts';
import { areTooManyOrphans, isOutOfMemory, MOST_ORPHAN_SHIFT } from '../kernel/resources.ts';
import type { Facts } from './facts.ts';

/** True if our FIN, or data before it, is still unacknowledged in this state. */
export const isAwaitingAck = (state: number): boolean =>
  state === TCP.FIN_WAIT1 || state === TCP.CLOSING || state === TCP.LAST_ACK;

/** True if the kernel reset the sock by its own decision, without an error, while it still had something to send. */
export const isForResources = ({ phase, from, err, sentReasons, answered, received }: Facts): boolean =>
  phase === 'after_close' &&
  err === 0 &&
  !received &&
  (sentReasons.includes('TCP_ABORT_ON_MEMORY') || (sentReasons.length > 0 && !answered && isAwaitingAck(from)));

/** Tells which of the host's two limits was passed; null if a figure is unknown. */
export type Excess = {
  readonly orphans: boolean | null;
  readonly memory: boolean | null;
  /** `101 orphans of at most 100 at that moment`; empty where nothing is known. */
  readonly figures: string;
  /** The limits were read at about that time. */
  readonly isFresh: boolean;
};

/** The limit that was passed at that moment. A closing task counts the orphans once, a timer up to fourfold. */
export const excessOf = ({ record, own }: Facts): Excess => {
  const { orphans = null, limit = null, memPages = null, memHigh = null, isFresh = false } = record.sock.pressure ?? {};
  const orphanFigures =
    orphans === null || limit === null ? '' : `${counted(orphans, 'orphan')} of at most ${thousands(limit)}`;
  const memFigures =
    memPages === null || memHigh === null
      ? ''
      : `${counted(memPages, 'page')} of at most ${thousands(memHigh)} (tcp_mem)`;
  // tcp_check_oom checks two limits. At that very moment the probe saw that TCP's memory was not near its own.
  const isOrphans = record.detail.deferred?.isNotMemory === true;
  const areMany = areTooManyOrphans(orphans, limit, own ? 0 : MOST_ORPHAN_SHIFT);
  if (isOrphans) {
    const seen = "TCP's memory was not near tcp_mem";
    const figures = areMany === true ? `${orphanFigures}; ${seen}` : seen;
    return { orphans: true, memory: false, figures, isFresh: true };
  }
  const figures = [orphanFigures, memFigures].filter((text) => text !== '').join(', ');
  return {
    orphans: areMany,
    memory: isOutOfMemory(memPages, memHigh),
    figures: figures === '' ? '' : `${figures} ${whenRead(isFresh)}`,
    isFresh,
  };
};

/** Says when the figures of the limits were read. */
export const whenRead = (isFresh: boolean): string => (isFresh ? 'at that moment' : 'when last read');
