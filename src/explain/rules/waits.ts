import { stateName, TCP } from '../../kernel/tcp-state.ts';
import { counted } from '../../text/words.ts';
import { VIA } from '../../wire/event.ts';
import type { Side, WaitingFor } from '../close-path.ts';
import type { SockRecord } from '../record.ts';
import { distance, withoutFin } from '../sequence.ts';
import { waitingIn } from '../waiting.ts';
import { isUnreachable } from './facts.ts';

/** What a sock that still is dying waits for now, who keeps it, and the evidence in a sentence. */
export type Waiting = { readonly waitingFor: WaitingFor; readonly side: Side; readonly because: string };

/**
 * What it waits for by its newest evidence: not what it waited for longest.
 *
 * `side` is `unknown` where an acknowledgement is missing: whether the peer is gone or the network drops does not show
 * here, unless ICMP has said so.
 */
export const waitingNow = (record: SockRecord): Waiting => {
  const { sock, last } = record;
  if (sock.lingering) {
    return { waitingFor: 'linger', side: 'local', because: 'close() has not returned: it waits for SO_LINGER' };
  }
  const waitingFor = waitingIn(sock.state, last);
  const state = stateName(sock.state);
  const unacked = distance(last.writeSeq, last.sndUna);
  // An announcement is made before the FIN is queued; later lines count it.
  const data = sock.latest === null && sock.announce.via !== VIA.late ? unacked : withoutFin(unacked, sock.state);
  const open = `our FIN${data === null || data === 0 ? '' : ` and ${data} B before it`}`;
  const tries = counted(last.icskRetransmits, 'retransmission timeout');
  switch (waitingFor) {
    case 'ack':
    case 'last_ack': {
      const isTold = isUnreachable(last.errSoft);
      const icmp = isTold ? `; ICMP said unreachable (errno ${last.errSoft})` : '';
      return {
        waitingFor,
        side: isTold ? 'network' : 'unknown',
        because: `in ${state}: ${open} not acknowledged (write_seq, snd_una), ${tries} so far${icmp}`,
      };
    }
    case 'window': {
      const unsent = distance(last.writeSeq, last.sndNxt) ?? 0;
      return {
        waitingFor,
        // A peer that answers no probe may be gone, or the way to it.
        side: last.probesOut === 0 ? 'peer' : 'unknown',
        because: `in ${state}: ${unsent} B to send and a window of ${last.sndWnd} B: nothing in flight, the probe timer pending, ${last.probesOut} probes unanswered`,
      };
    }
    case 'peer_fin':
      return {
        waitingFor,
        side: 'peer',
        because: 'in FIN_WAIT2: our FIN is acknowledged, and the peer has not sent its own',
      };
    default:
      return {
        waitingFor,
        side: 'unknown',
        because:
          sock.state === TCP.CLOSE
            ? 'in CLOSE: it goes with its last reference'
            : `in ${state}: no rule says what it waits for`,
      };
  }
};
