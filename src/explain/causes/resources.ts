import { counted, thousands } from '../../text/count.ts';
import { isSilent } from '../evidence/facts.ts';
import { isAwaitingAck, whenRead } from '../evidence/resources.ts';
import { isAllAcked } from '../evidence/sequence.ts';
import { limited } from '../sentences/bounds.ts';
import { FIND_WHAT_ORPHANS_WAIT_FOR } from '../sentences/notes.ts';
import { type EndingCause, NO, undecided, yes } from './cause.ts';

export const resources: EndingCause<'resources'> = {
  name: 'resources',
  title: 'destroyed silently for want of resources',
  meaning:
    'At the tick at which tcp_orphan_retries was to end it, the host was over tcp_max_orphans or tcp_mem: the kernel destroyed it without an error and without a reset, a moment before it would have given up on it.',
  looksLike:
    'An orphan disappears from FIN_WAIT1, LAST_ACK or CLOSING with no reset on the wire and no error; `nstat -az TcpExtTCPAbortOnMemory` grows.',
  why: 'tcp_out_of_resources runs first at each tick of the retransmission and probe timers. Over a limit it destroys the socket, with a reset (orphan_limit, out_of_memory) but for one tick: that at which the RTO is at its maximum and tcp_orphan_retries is used up. The peer, or the way to it, had been silent all the time before.',
  helps: [
    'Find where the path to the peer ends, as for retries: `ip route get PEER`, tcpdump on both ends.',
    FIND_WHAT_ORPHANS_WAIT_FOR,
    'Ask the counter and the log which limit it was: `nstat -az TcpExtTCPAbortOnMemory`, `dmesg | grep TCP:`.',
  ],
  doesNotHelp: [
    'Raising net.ipv4.tcp_max_orphans or net.ipv4.tcp_mem saves none of these: tcp_orphan_retries ends them at the same tick. It saves those that are reset for a limit.',
    'net.ipv4.tcp_fin_timeout does not help: at 60 s or less no FIN_WAIT2 orphan is left for it to end.',
    'net.ipv4.tcp_retries2 does not help: it does not bound orphans.',
  ],
  howKnown:
    "X to CLOSE with errno 0, in a timer's context, our FIN not acknowledged, and no reset. A namespace that is torn down ends the kernel's own sockets the same way.",
  knownBy: 'a timer moved it to CLOSE without a reset and without an error, our FIN not acknowledged',
  cites: 'tcp_out_of_resources (net/ipv4/tcp_timer.c)',
  scenario: 'resources_silent',
  side: 'limit',
  isHarmless: false,
  /** @see Linux tcp_out_of_resources without a reset */
  question: (facts) => {
    const { phase, from, own, isKernels, record } = facts;
    if (phase !== 'after_close' || !isAwaitingAck(from) || !isSilent(facts) || isAllAcked(record.last)) return NO;
    if (own || isKernels) {
      return undecided(
        'moved to CLOSE silently, our FIN not acknowledged: a namespace that ended, or no rule covers it',
      );
    }
    const pressure = record.sock.pressure;
    const figures =
      pressure?.orphans == null || pressure.limit === null
        ? ''
        : `; ${counted(pressure.orphans, 'orphan')} of at most ${thousands(pressure.limit)} ${whenRead(pressure.isFresh)}`;
    return yes(
      `a timer ended it without a reset or an error, our FIN not acknowledged, for want of resources${figures}`,
    );
  },
  advice: (path, where) => limited(path, `tcp_max_orphans or tcp_mem: nstat -az TcpExtTCPAbortOnMemory${where}, dmesg`),
};
