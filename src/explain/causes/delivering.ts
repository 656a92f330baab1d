import { stateName } from '../../kernel/tcp-state.ts';
import { duration, settingTime } from '../../text/duration.ts';
import { peerEnd } from '../../text/endpoint.ts';
import { bytesPerSecond, exactSize } from '../../text/size.ts';
import { distance } from '../evidence/sequence.ts';
import type { Standing } from '../evidence/standing.ts';
import type { Bounds, Side } from '../evidence/subject.ts';
import { isProbePending } from '../evidence/window.ts';
import { NOT_FIN_TIMEOUT, NOT_RETRIES2 } from '../sentences/bounds.ts';
import { KILL, NO_FIN_TIMEOUT, NO_MAX_ORPHANS, NO_RETRIES2, SMALLER_SNDBUF } from '../sentences/notes.ts';
import { kill, ssAddress } from '../sentences/peer.ts';
import type { WaitingCause } from './cause.ts';

/**
 * A usual segment on Ethernet, and more than any segment: the sender waits for a window that has no room for one. Its own
 * size is not known.
 */
const SEGMENT = { usual: 1460, beyond: 65_536 } as const;

/** The side that sets the pace, and what shows it. */
const paceOf = ({ last, isWindowKnown }: Standing): { readonly side: Side; readonly because: string } => {
  const unsent = distance(last.writeSeq, last.sndNxt) ?? 0;
  const room = last.sndWnd - (distance(last.sndNxt, last.sndUna) ?? 0);
  if (isWindowKnown && unsent > 0 && room < Math.min(unsent, SEGMENT.usual)) {
    return {
      side: 'peer',
      because: `its window of ${exactSize(last.sndWnd)} has no room for the ${exactSize(unsent)} that are not sent`,
    };
  }
  if (
    isWindowKnown &&
    unsent > 0 &&
    last.packetsOut === 0 &&
    isProbePending(last) &&
    room >= Math.min(unsent, SEGMENT.beyond)
  ) {
    return {
      side: 'local',
      because: `its window of ${exactSize(last.sndWnd)} has room, nothing is in flight, and the probe timer is pending: this host holds the data back, as pacing does`,
    };
  }
  return { side: 'unknown', because: 'what sets the pace does not show: the path, or either end' };
};

export const delivering: WaitingCause<'delivering'> = {
  name: 'delivering',
  title: 'it still delivers: the peer acknowledges its data bit by bit',
  meaning:
    'The peer still acknowledges what the process wrote before its close, but slowly; the FIN waits behind that data.',
  looksLike:
    '`ss -tnop state fin-wait-1` lists it without a process, and each time with a smaller Send-Q. Between acknowledgements it may show `timer:(persist,…)`, as with a shut window.',
  why: "close() leaves the send queue to the kernel, which goes on sending as the peer's window, the path and pacing allow. Each acknowledgement starts retries and window probes anew, so at the usual settings neither ends it while that goes on: it is an orphan until all is delivered. A tcp_orphan_retries of 1 or TCP_USER_TIMEOUT may end it in a pause, and then it has a deadline as any other.",
  helps: [
    'Leave it alone where its time is short enough: nothing is lost, and finwait estimates when it will be done at its present rate.',
    'Where `side` is `peer`, look at the application at the peer: it reads slowly. There, `ss -tnmp` shows a full Recv-Q and who holds the socket.',
    'Where `side` is `local`, look at what slows this host: `ss -tinm` shows `pacing_rate` (SO_MAX_PACING_RATE), `tc -s qdisc` a shaper.',
    SMALLER_SNDBUF,
    'Where they come in such numbers that this host cannot hold them, TCP_USER_TIMEOUT, set just before close(), ends those that pause for longer. The price: such readers lose the end of what they read.',
    `Last of all: ${KILL} The price: the peer loses what is not delivered.`,
  ],
  doesNotHelp: [
    'net.ipv4.tcp_orphan_retries of 2 or more, or 0 (8), does not bound it: each acknowledgement starts the count anew. At 1 it does harm: it may end it in any pause, since a Linux peer does not answer probes that come within 500 ms of each other, and the reader loses the rest.',
    NO_RETRIES2,
    NO_FIN_TIMEOUT,
    NO_MAX_ORPHANS,
  ],
  howKnown:
    'While it was dying, looks at the socket, or retransmissions, showed a `snd_una` beyond that of the look before: twice at least, at looks that were 3 s apart at least. So it takes some 8 s to tell. The rate is taken from 10 to 20 s of such looks, or from all if there are fewer. It is `window` again with the first look that shows no movement and a shut window; with an open one it is no longer `delivering` after 5 s without movement.',
  knownBy: 'the same (or LAST_ACK), and `snd_una` moves from look to look',
  cites: 'tcp_ack, tcp_ack_probe (net/ipv4/tcp_input.c), tcp_probe_timer (net/ipv4/tcp_timer.c)',
  scenario: 'slow_reader',
  captureNote: 'The capture ends while the peer still reads. In the end it read all, and nothing was lost.',
  side: 'unknown',
  isHarmless: false,
  cell: 'bit by bit',
  help: 'the peer acknowledges our data bit by bit; our FIN waits behind it',
  question: ({ isDelivering }) => isDelivering,
  evidence: (standing) => {
    const { state, delivery } = standing;
    const pace = paceOf(standing);
    const moved =
      delivery === null
        ? 'snd_una moves'
        : `the peer acknowledged ${exactSize(delivery.bytes)} in ${duration(delivery.overUs)} (snd_una), ${bytesPerSecond(delivery.bytesPerSecond)}; ${exactSize(delivery.leftBytes)} are left`;
    return { side: pace.side, because: `in ${stateName(state)}: ${moved}; ${pace.because}` };
  },
  advice: (path, where, bounds) => [
    path.side === 'peer'
      ? `Leave it alone if you can: it delivers. The application at ${peerEnd(path)} reads slowly; ss -tnmp there names it.`
      : path.side === 'local'
        ? `Leave it alone if you can: it delivers. This host sends slowly to ${peerEnd(path)}: ss -tinm dst ${ssAddress(path.raddr)}${where} shows pacing_rate (SO_MAX_PACING_RATE), tc -s qdisc a shaper.`
        : `Leave it alone if you can: it delivers. ${peerEnd(path)} acknowledges slowly: its application, the path or this host's pacing sets the pace (ss -tinm dst ${ssAddress(path.raddr)}${where}).`,
    ...boundsOf(where, bounds),
    NOT_FIN_TIMEOUT,
    NOT_RETRIES2,
    ...kill(path, where).map((text) => `${text} The price: the peer loses what is not delivered.`),
  ],
};

/** The settings that may end it in a pause, as they are for this socket. */
const boundsOf = (where: string, { userTimeoutMs, orphanRetries }: Bounds): readonly string[] => [
  userTimeoutMs === null || userTimeoutMs === 0
    ? 'For sockets to come, TCP_USER_TIMEOUT, set by the application just before close(), ends those that pause for longer. The price: such readers lose the end of what they read.'
    : `Its TCP_USER_TIMEOUT of ${settingTime(userTimeoutMs)} may end it in a pause although it delivers. A longer one lets slow readers have all. The price: orphans of peers that are gone live longer too.`,
  orphanRetries === 1
    ? `net.ipv4.tcp_orphan_retries${where} is 1 and may end it in any pause although it delivers. At 2 or more, or 0 (8), slow readers have all. The price: orphans of peers that are gone live longer too.`
    : 'Lowering net.ipv4.tcp_orphan_retries would not help: each acknowledgement starts its count anew, and at 1 it cuts slow readers off in any pause.',
];
