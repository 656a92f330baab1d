import { excessOf, isForResources } from '../evidence/resources.ts';
import { limited } from '../sentences/bounds.ts';
import { FIND_WHAT_ORPHANS_WAIT_FOR, LIMIT_KNOWN_BY, PRICE } from '../sentences/notes.ts';
import { type EndingCause, NO, undecided, yes } from './cause.ts';

export const orphanLimit: EndingCause<'orphan_limit'> = {
  name: 'orphan_limit',
  title: 'reset: more orphans than tcp_max_orphans',
  meaning:
    'The host had too many orphans, so this one was reset, at its close or by a timer; the kernel log says `TCP: too many orphaned sockets`.',
  looksLike:
    'The kernel log says `TCP: too many orphaned sockets`, `nstat -az TcpExtTCPAbortOnMemory` grows, and orphans end in a reset, many at once.',
  why: 'The count of all namespaces exceeded tcp_max_orphans, or a timer met an orphan that is idle or unreachable: those count two- or fourfold.',
  helps: [
    FIND_WHAT_ORPHANS_WAIT_FOR,
    'Raise net.ipv4.tcp_max_orphans, on the host: it is one limit for all namespaces and can be set in the initial one alone, and each orphan holds up to its send buffer. At a close the full limit counts; a timer counts an orphan that is idle or unreachable two- or fourfold, so kills can start at 25 to 50% of it.',
    `End orphans sooner with net.ipv4.tcp_orphan_retries, if they wait for acknowledgements. ${PRICE}`,
  ],
  doesNotHelp: [
    'net.ipv4.tcp_abort_on_overflow frees nothing: it answers handshakes that end in a full accept queue.',
    'net.ipv4.tcp_tw_reuse and net.ipv4.tcp_max_tw_buckets do not help: TIME_WAIT minisocks are no orphans.',
    'Closing CLOSE_WAIT sockets takes no orphan away: a process owns them; closed, they become orphans in LAST_ACK.',
  ],
  howKnown:
    "A reset with reason TCP_ABORT_ON_MEMORY, and evidence that it was the orphans: the kernel's count at that time, or its log. Without such evidence finwait says `unknown` with `side` `limit`.",
  knownBy: LIMIT_KNOWN_BY,
  cites: 'tcp_check_oom, tcp_too_many_orphans, tcp_out_of_resources (net/ipv4/tcp.c, tcp_timer.c)',
  scenario: 'orphan_limit_at_timer',
  side: 'limit',
  isHarmless: false,
  /** @see Linux tcp_close, tcp_out_of_resources: tcp_too_many_orphans */
  question: (facts) => {
    if (!isForResources(facts)) return NO;
    const { orphans, memory, figures, isFresh } = excessOf(facts);
    if (orphans === true && memory !== true) {
      return yes(`reset because of too many orphans: ${figures}`, { certain: memory === false && isFresh });
    }
    return memory === true && orphans !== true
      ? NO
      : undecided(
          `reset for lack of tcp_max_orphans or tcp_mem; which one did not show${figures && `: ${figures}`}`,
          'limit',
        );
  },
  advice: (path) => limited(path, 'net.ipv4.tcp_max_orphans, one limit for all namespaces, set in the initial one'),
};
