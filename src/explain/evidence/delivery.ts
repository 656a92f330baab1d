import { type TraceNs, traceNs } from '../../kernel/units.ts';
import { standstillNs } from '../../lifecycle/progress.ts';
import type { Sock } from '../../lifecycle/sock.ts';
import type { Evidence } from '../../wire/evidence.ts';
import { isAwaitingAck } from './resources.ts';
import { distance, withoutFin } from './sequence.ts';

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

/**
 * The delivery of a dying sock; null if it delivers nothing: `snd_una` was not seen to move, or it stands still by now.
 *
 * @param last - the newest evidence
 */
export const deliveryOf = (
  { progress, destroyedAt, lingering, state }: Sock,
  last: Pick<Evidence, 'writeSeq' | 'sndUna'>,
  now: TraceNs,
): Delivery | null => {
  if (progress === null || destroyedAt !== null || lingering || !isAwaitingAck(state)) return null;
  const { from, to } = progress;
  if (now - to.at > standstillNs(progress)) return null;
  const leftBytes = withoutFin(distance(last.writeSeq, last.sndUna), state);
  const bytes = distance(to.una, from.una);
  const overNs = to.at - from.at;
  if (leftBytes === null || leftBytes === 0 || bytes === null || bytes === 0 || overNs <= 0) return null;
  const bytesPerSecond = bytes / (overNs / 1e9);
  const doneAt = to.at + (leftBytes / bytesPerSecond) * 1e9;
  return {
    bytes,
    overUs: overNs / 1000,
    bytesPerSecond,
    leftBytes,
    doneAt: doneAt < now ? null : traceNs(doneAt),
  };
};

/** Between two moments of a sock's life: true if it delivered until the end, and for more than half of the time. */
export const deliveredMost = ({ progress }: Sock, since: number, end: number): boolean => {
  if (progress === null || end - progress.to.at > standstillNs(progress)) return false;
  return end - Math.max(since, progress.since) > (end - since) / 2;
};
