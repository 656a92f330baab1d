import { stateName } from '../../kernel/tcp-state.ts';
import { counted } from '../../text/count.ts';
import { exactSize } from '../../text/size.ts';
import { isAwaitingAck } from '../evidence/resources.ts';
import { distance } from '../evidence/sequence.ts';
import { isAnswered, NOT_FIN_TIMEOUT, NOT_RETRIES2, STOPPED, shutWindowBound } from '../sentences/bounds.ts';
import {
  ANSWERED_BOUND,
  ANSWERED_RETRIES,
  KILL,
  NO_FIN_TIMEOUT,
  NO_MAX_ORPHANS,
  NO_WMEM,
  PINNED_PAGES,
  PRICE,
  SMALLER_SNDBUF,
} from '../sentences/notes.ts';
import { kill, notReading } from '../sentences/peer.ts';
import type { WaitingCause } from './cause.ts';

export const window: WaitingCause<'window'> = {
  name: 'window',
  title: "the peer's receive window is shut",
  meaning:
    'Data that the process wrote before its close cannot be sent, because the peer does not read what it has; the FIN waits behind that data.',
  looksLike:
    '`ss -tnop state fin-wait-1` lists it without a process, with `timer:(persist,…)` and a Send-Q that does not shrink. At the peer the same connection has a full Recv-Q.',
  why: "The peer's application has stopped reading, so its kernel announces a window of 0. Our kernel may not send the rest, nor the FIN behind it, and probes the window instead. The peer may go on answering those probes: then it takes longest.",
  helps: [
    'Look at the application at the peer: it does not read. There, `ss -tnmp` shows a full Recv-Q and who holds the socket.',
    `Where the peer is silent, bound all orphans of the namespace with net.ipv4.tcp_orphan_retries: it counts unanswered window probes too. At an RTO of 208 ms and the default of 0 such a one costs 106 s. ${PRICE}`,
    ANSWERED_BOUND,
    'Where its deadline is `never`, net.ipv4.tcp_retries2 keeps the interval of answered probes below its maximum: at 10 or more (an RTO under 200 ms needs more), and at no less than tcp_orphan_retries, it lets them end. It bounds connections that a process still holds, too.',
    SMALLER_SNDBUF,
    PINNED_PAGES,
    `Now: ${KILL} The data is lost.`,
  ],
  doesNotHelp: [
    NO_FIN_TIMEOUT,
    ANSWERED_RETRIES,
    'Lowering net.ipv4.tcp_retries2 does not help: it bounds no orphan, and below 10 it keeps those whose probes are answered for ever.',
    NO_WMEM,
    NO_MAX_ORPHANS,
  ],
  howKnown:
    'Nothing is in flight, the probe timer is pending (`icsk_pending` 3) and `snd_wnd` has no room for the next segment. A segment that cannot leave this host (an OUTPUT drop, pacing) looks alike but for the window, which then has room.',
  knownBy: 'the same (or LAST_ACK) with nothing in flight and the probe timer pending',
  cites: 'tcp_probe_timer (net/ipv4/tcp_timer.c)',
  scenario: 'window_opens',
  captureNote: 'It waited for `window` until the peer read on; nothing was lost, and it ended as an ordinary close.',
  side: 'peer',
  isHarmless: false,
  cell: 'shut by the peer',
  help: 'there is data to send, but the peer’s receive window is shut',
  question: ({ state, isWindowShut }) => isWindowShut && isAwaitingAck(state),
  evidence: ({ state, last, isWindowKnown }) => {
    const unsent = distance(last.writeSeq, last.sndNxt) ?? 0;
    const room = isWindowKnown ? ` and a window of ${exactSize(last.sndWnd)}` : '';
    const because = `in ${stateName(state)}: ${exactSize(unsent)} to send${room}: nothing in flight, the probe timer pending, ${counted(last.probesOut, 'probe')} unanswered`;
    // A peer that answers no probe may be gone, or the path to it.
    return last.probesOut === 0 ? { because } : { because, side: 'unknown' };
  },
  advice: (path, where, bounds) => [
    notReading(path),
    ...(bounds.deadline === 'never' ? [path.how === 'kernel' ? STOPPED : letThemEnd(where)] : []),
    ...shutWindowBound(path, where, bounds),
    ...kill(path, where),
    NOT_FIN_TIMEOUT,
    ...(isAnswered(path) || bounds.deadline === 'never' ? [] : [NOT_RETRIES2]),
  ],
};

/**
 * tcp_send_probe0 stops the backoff at tcp_retries2.
 *
 * @see Linux net/ipv4/tcp_output.c, tcp_send_probe0
 */
const letThemEnd = (where: string): string =>
  `While they are answered its window probes never end: net.ipv4.tcp_retries2${where} stops their interval short of its maximum. At 10 or more (an RTO under 200 ms needs more), and at no less than tcp_orphan_retries, it lets them end; it bounds connections that are still held, too.`;
