import { causeOf } from './cause-of.ts';
import { causeNamed } from './causes/order.ts';
import type { ClosePath, Dying } from './close-path.ts';
import type { Bounds } from './evidence/subject.ts';

const UNKNOWN_BOUNDS: Bounds = { userTimeoutMs: null, orphanRetries: null, deadline: 'unknown' };

/** A harmless end needs no advice if dying took less than this, µs. */
const QUICK_US = 1_000_000;

/**
 * Advice about a dying or finished socket, with its own figures. It also names the sysctl that people often reach for
 * although it would not help.
 *
 * @param ownNetns - the namespace in which finwait runs. For a socket of another or an unknown namespace, the commands
 *   and settings name that namespace: in ours the same addresses and ports may be another socket's
 * @param bounds - a setting that does not bound this very socket is not advised
 * @returns sentences; none for a harmless end in under a second, a socket that never was a connection, a closed
 *   listener, or an unknown cause
 */
export const adviceFor = (
  path: ClosePath | Dying,
  ownNetns: number | null = null,
  bounds: Bounds = UNKNOWN_BOUNDS,
): readonly string[] => {
  const cause = causeNamed(causeOf(path));
  if (cause === null || (cause.isHarmless && (path.dying_us ?? 0) < QUICK_US)) return [];
  return cause.advice(path, path.netns === ownNetns ? '' : ` (in netns ${path.netns})`, bounds);
};
