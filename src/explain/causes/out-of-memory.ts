import { excessOf, isForResources } from '../evidence/resources.ts';
import { limited } from '../sentences/bounds.ts';
import { FIND_WHAT_ORPHANS_WAIT_FOR, LIMIT_KNOWN_BY } from '../sentences/notes.ts';
import { type EndingCause, NO, yes } from './cause.ts';

export const outOfMemory: EndingCause<'out_of_memory'> = {
  name: 'out_of_memory',
  title: 'reset: TCP memory above tcp_mem',
  meaning:
    'The socket had more than the least of a send buffer queued while the TCP memory of the host was above the third value of tcp_mem; the kernel log says `TCP: out of memory -- consider tuning tcp_mem`.',
  looksLike:
    'The kernel log says `TCP: out of memory -- consider tuning tcp_mem`, `nstat -az TcpExtTCPAbortOnMemory` grows.',
  why: 'All TCP sockets of the host together hold more pages than the third value of tcp_mem, and this one had a send queue. Often it is not the orphans that hold them.',
  helps: [
    'Compare `mem` of /proc/net/sockstat with net.ipv4.tcp_mem, both in pages, and look for the sockets that hold it: `ss -tmn`.',
    'Lower the third values of net.ipv4.tcp_wmem and net.ipv4.tcp_rmem, or the number of connections; raise net.ipv4.tcp_mem only where the host has the memory; it can be set in the initial network namespace alone.',
    FIND_WHAT_ORPHANS_WAIT_FOR,
  ],
  doesNotHelp: [
    'Raising net.ipv4.tcp_max_orphans does not help: it is another limit.',
    'net.core.wmem_max and net.core.rmem_max do not help: they bound what SO_SNDBUF and SO_RCVBUF may ask for, not TCP autotuning.',
  ],
  howKnown:
    "A reset with reason TCP_ABORT_ON_MEMORY, and evidence that it was the memory: the kernel's log, or its count of pages. Without such evidence finwait says `unknown` with `side` `limit`.",
  knownBy: LIMIT_KNOWN_BY,
  cites: 'tcp_check_oom, tcp_out_of_memory (net/ipv4/tcp.c)',
  scenario: 'out_of_memory',
  side: 'limit',
  isHarmless: false,
  /** @see Linux tcp_close, tcp_out_of_resources: tcp_out_of_memory */
  question: (facts) => {
    if (!isForResources(facts)) return NO;
    const { orphans, memory, figures, isFresh } = excessOf(facts);
    return memory === true && orphans !== true
      ? yes(`reset because TCP had more memory than tcp_mem allows: ${figures}`, {
          certain: orphans === false && isFresh,
        })
      : NO;
  },
  advice: (path) => limited(path, 'the third value of net.ipv4.tcp_mem; raising tcp_max_orphans would not help'),
};
