import { peerEnd } from '../../text/endpoint.ts';
import type { Adviser } from '../evidence/subject.ts';
import { NOT_FIN_TIMEOUT, NOT_RETRIES2, retransmitBound, STOPPED } from './bounds.ts';
import { afterRetransmits, dataOf, kill, lookForPath } from './peer.ts';

/** For a sock that waits for an acknowledgement, whichever side closed first. */
export const adviceOnUnacknowledged: Adviser = (path, where, bounds) => [
  `${peerEnd(path)} has not acknowledged ${dataOf(path)}${afterRetransmits(path)}.`,
  lookForPath(path, where),
  bounds.deadline === 'never' ? STOPPED : retransmitBound(where, bounds),
  ...kill(path, where),
  NOT_FIN_TIMEOUT,
  ...(bounds.deadline === 'never' ? [] : [NOT_RETRIES2]),
];
