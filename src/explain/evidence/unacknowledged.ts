import { stateName } from '../../kernel/tcp-state.ts';
import { counted } from '../../text/count.ts';
import { exactSize } from '../../text/size.ts';
import { isUnreachable } from '../kernel/errno.ts';
import { distance, withoutFin } from './sequence.ts';
import type { Standing } from './standing.ts';
import type { Side } from './subject.ts';
import { sideOfTimeout, unreachable } from './timeout.ts';

/** The unacknowledged part of a sock that still is dying, in a sentence; with `side` if ICMP has said who keeps it. */
export const unacknowledged = ({
  state,
  last,
  countsFin,
  unreachableBy,
}: Standing): { readonly because: string; readonly side?: Side } => {
  const unacked = distance(last.writeSeq, last.sndUna);
  const data = countsFin ? withoutFin(unacked, state) : unacked;
  const open = `our FIN${data === null || data === 0 ? '' : ` and ${exactSize(data)} before it`}`;
  const tries = counted(last.icskRetransmits, 'retransmission timeout');
  const because = `in ${stateName(state)}: ${open} not acknowledged (write_seq, snd_una), ${tries} so far`;
  return isUnreachable(last.errSoft)
    ? {
        ...sideOfTimeout(last.errSoft, unreachableBy),
        because: `${because}; ${unreachable(last.errSoft, unreachableBy)}`,
      }
    : { because };
};
