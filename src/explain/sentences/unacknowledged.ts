import { peerEnd } from '../../text/endpoint.ts';
import type { Adviser } from '../evidence/subject.ts';
import { NOT_FIN_TIMEOUT, NOT_RETRIES2, probeBound, retransmitBound, STOPPED } from './bounds.ts';
import { afterRetransmits, dataOf, kill, lookForPath, lookHere } from './peer.ts';

/** For a sock that waits for an acknowledgement, whichever side closed first. */
export const adviceOnUnacknowledged: Adviser = (path, where, bounds) => [
  path.side === 'local'
    ? `This host itself holds up ${dataOf(path)}, on the way to ${peerEnd(path)}.`
    : `${peerEnd(path)} has not acknowledged ${dataOf(path)}${afterRetransmits(path)}.`,
  path.side === 'local' ? lookHere(path, where) : lookForPath(path, where),
  bounds.deadline === 'never'
    ? STOPPED
    : (path.probes ?? 0) > 0
      ? probeBound(where, bounds)
      : retransmitBound(where, bounds),
  ...kill(path, where),
  NOT_FIN_TIMEOUT,
  ...(bounds.deadline === 'never' ? [] : [NOT_RETRIES2]),
];
