import { type TraceNs, traceNs } from '../../kernel/units.ts';
import type { Read } from '../../lifecycle/baseline.ts';
import { isSteady, type Progress, standsStill } from '../../lifecycle/progress.ts';
import type { Sock } from '../../lifecycle/sock.ts';
import type { Evidence } from '../../wire/evidence.ts';
import { isAwaitingAck } from './resources.ts';
import { distance, withoutFin } from './sequence.ts';
import { isWindowShut } from './window.ts';

/** Data that an orphan still gets acknowledged, piece by piece. */
export type Delivery = {
  /** Bytes that were acknowledged within `overUs`. */
  readonly bytes: number;
  readonly overUs: number;
  readonly bytesPerSecond: number;
  /** Bytes of data that are not acknowledged yet. */
  readonly leftBytes: number;
  /** The time at which all of it is acknowledged, if the rate stays as it is. Null if that has passed: it is slower now. */
  readonly doneAt: TraceNs | null;
};

type Last = Pick<Evidence, 'writeSeq' | 'sndUna' | 'sndNxt' | 'sndWnd' | 'packetsOut' | 'pending' | 'probesOut'>;

/** The time of the newest look, and of the newest event. */
export type Times = { readonly seenAt: TraceNs; readonly now: TraceNs };

/**
 * The delivery of a dying sock; null if it delivers nothing. Two movements of `snd_una` make one, at looks that are 3 s
 * apart at least. A look that shows a shut window and no movement ends it, and so do 5 s without movement.
 *
 * @param last - the newest evidence
 */
export const deliveryOf = (
  { progress, destroyedAt, lingering, state }: Pick<Sock, 'progress' | 'destroyedAt' | 'lingering' | 'state'>,
  last: Last,
  times: Times,
): Delivery | null =>
  progress === null || destroyedAt !== null || lingering || !isAwaitingAck(state)
    ? null
    : going(progress, state, last, times);

/** Tells the delivery of an orphan of the baseline that only readings show. @param last - the newest of them */
export const deliveryOfRead = ({ progress, state, reading }: Read, last: Last, now: TraceNs): Delivery | null =>
  progress === null || !isAwaitingAck(state) ? null : going(progress, state, last, { seenAt: reading.at, now });

const going = (progress: Progress, state: number, last: Last, { seenAt, now }: Times): Delivery | null => {
  const { from, to } = progress;
  if (!isSteady(progress) || standsStill(progress, seenAt, now)) return null;
  if (seenAt > to.at && isWindowShut(last)) return null;
  const leftBytes = withoutFin(distance(last.writeSeq, last.sndUna), state);
  const bytes = distance(to.una, from.una);
  const overNs = to.at - from.at;
  if (leftBytes === null || leftBytes === 0 || bytes === null || bytes === 0 || overNs <= 0) return null;
  const bytesPerSecond = bytes / (overNs / 1e9);
  const doneAt = Math.round(to.at + (leftBytes / bytesPerSecond) * 1e9);
  return {
    bytes,
    overUs: overNs / 1000,
    bytesPerSecond,
    leftBytes,
    doneAt: doneAt < now ? null : traceNs(doneAt),
  };
};

/** Between two moments of a sock's life: true if it delivered for more than half of the time. */
export const deliveredMost = ({ progress }: Sock, since: number, end: number): boolean => {
  if (progress === null || !isSteady(progress)) return false;
  const until = standsStill(progress, progress.to.at, end) ? progress.to.at : end;
  return until - Math.max(since, progress.since) > (end - since) / 2;
};
