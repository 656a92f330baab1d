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
    'A timer found the host over tcp_max_orphans or tcp_mem and destroyed the socket; it sent no reset, because the last segment was over 60 s old.',
  looksLike:
    'An orphan disappears from FIN_WAIT1, LAST_ACK or CLOSING with no reset on the wire and no error; `nstat -az TcpExtTCPAbortOnMemory` grows.',
  why: 'tcp_out_of_resources runs at each retransmission and probe timer. Over a limit it destroys the socket; it sends a reset only if the last segment is recent or the window is shut.',
  helps: [
    FIND_WHAT_ORPHANS_WAIT_FOR,
    'Ask the counter and the log which limit it was: `nstat -az TcpExtTCPAbortOnMemory`, `dmesg | grep TCP:`.',
    'Raise net.ipv4.tcp_max_orphans or net.ipv4.tcp_mem, by what the log says: an idle orphan is counted two- or fourfold, so this starts at 25 to 50% of the orphan limit.',
  ],
  doesNotHelp: [
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
