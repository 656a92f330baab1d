import { stateName } from '../../kernel/tcp-state.ts';
import { counted } from '../../text/count.ts';
import { exactSize } from '../../text/size.ts';
import { isUnreachable } from '../kernel/errno.ts';
import { distance, withoutFin } from './sequence.ts';
import type { Standing } from './standing.ts';
import type { Side } from './subject.ts';
import { sideOfTimeout, unreachable } from './timeout.ts';
import { isHeldHere } from './window.ts';

/**
 * The unacknowledged part of a sock that still is dying, in a sentence; with `side` if the evidence says who keeps it:
 * ICMP, or this host, which holds it back or drops it.
 */
export const unacknowledged = ({
  state,
  last,
  countsFin,
  unreachableBy,
  isDroppedHere,
}: Standing): { readonly because: string; readonly side?: Side } => {
  const unacked = distance(last.writeSeq, last.sndUna);
  const data = countsFin ? withoutFin(unacked, state) : unacked;
  const open = `our FIN${data === null || data === 0 ? '' : ` and ${exactSize(data)} before it`}`;
  const notAcked = `in ${stateName(state)}: ${open} not acknowledged (write_seq, snd_una)`;
  if (isHeldHere(last) && !isUnreachable(last.errSoft)) {
    const held = `nothing is in flight, though the window of the peer has room for ${exactSize(last.sndWnd)}`;
    return { side: 'local', because: `${notAcked}; ${held}: ${last.probesOut === 0 ? HELD : failed(last.probesOut)}` };
  }
  const tries = counted(last.icskRetransmits, 'retransmission timeout');
  const because = `${notAcked}, ${tries} so far`;
  if (isDroppedHere && !isUnreachable(last.errSoft)) {
    return { side: 'local', because: `${because}, and what they sent did not leave this host` };
  }
  return isUnreachable(last.errSoft)
    ? {
        ...sideOfTimeout(last.errSoft, unreachableBy),
        because: `${because}; ${unreachable(last.errSoft, unreachableBy)}`,
      }
    : { because };
};

const HELD = 'this host paces it (SO_MAX_PACING_RATE), or could not send it';

const failed = (attempts: number): string => `${counted(attempts, 'attempt')} to send it did not leave this host`;
