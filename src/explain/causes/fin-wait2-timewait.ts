import { TCP } from '../../kernel/tcp-state.ts';
import { SOCK } from '../../wire/evidence.ts';
import { isSilent } from '../evidence/facts.ts';
import type { Subject } from '../evidence/subject.ts';
import { lowerFinTimeout } from '../sentences/bounds.ts';
import { LAST_PLACE, LOOK_FOR_CLOSE_WAIT } from '../sentences/notes.ts';
import { hadNotClosed, lookForPath, tookBytes, tookLong } from '../sentences/peer.ts';
import { type EndingCause, NO, undecided, yes } from './cause.ts';

export const finWait2Timewait: EndingCause<'fin_wait2_timewait'> = {
  name: 'fin_wait2_timewait',
  title: 'handed to a FIN_WAIT2 minisock',
  meaning:
    'The peer acknowledged our FIN and has not closed its half; the kernel destroyed the full socket, and a minisock, which ss counts as timewait, waits for the FIN that is due. If the peer sends data instead, the minisock resets it, mostly after this row was told.',
  looksLike:
    '`ss -tano state fin-wait-2` lists it with a `timewait` timer; `/proc/net/sockstat` counts it under `tw`, not under `orphan`.',
  why: 'The FIN_WAIT2 time left (tcp_fin_timeout, or 3.5 RTOs where those are longer) is 60 s or less, so a minisock can do the waiting; it holds no buffers and is no orphan.',
  helps: [
    'Nothing needs help for the orphan count when it was quick. When it took long, set net.ipv4.tcp_fin_timeout to 60 or less for sockets to come: above 60 the socket is an orphan for tcp_fin_timeout - 60 s before the handover.',
    LOOK_FOR_CLOSE_WAIT,
    'The row does not say if the minisock reset data of the peer. From Linux 6.10 on `finwait explain`, `trace` and `top` count such resets as abnormal ends `data_after_close`, by port, peer and closer. Kernels before that trace no reset of a minisock: there `nstat -az TcpOutRsts` grows while the TcpExtTCPAbort* counters stand still, as it also does for a SYN to a closed port; `tcpdump` on the port shows which it was.',
  ],
  doesNotHelp: [
    'Lowering net.ipv4.tcp_fin_timeout far below 60 takes no orphan away: at 60 s or less the handover is at once (unless 3.5 RTOs are longer than 60 s), and only the minisock gets shorter.',
    'net.ipv4.tcp_max_orphans has no part in it: minisocks do not count against it.',
  ],
  howKnown: "FIN_WAIT2 to CLOSE without the peer's FIN, errno 0, no reset, TCP_LINGER2 not negative.",
  knownBy:
    "FIN_WAIT2 to CLOSE without the peer's FIN, no error, no reset: the kernel handed it to a minisock, which `ss` shows as timewait and which is no orphan. With tcp_fin_timeout ≤ 60 s that is at once, above it after tcp_fin_timeout − 60 s",
  cites: '__tcp_close, tcp_rcv_state_process, tcp_time_wait(sk, TCP_FIN_WAIT2, …)',
  scenario: 'shutdown_then_close',
  side: 'peer',
  isHarmless: true,
  minisockEndsBy: 'data_after_close',
  /** @see Linux tcp_time_wait(TCP_FIN_WAIT2) */
  question: (facts) => {
    const { phase, from, record, minisock } = facts;
    if (phase !== 'after_close' || from !== TCP.FIN_WAIT2 || !isSilent(facts)) return NO;
    if ((record.last.flags & SOCK.DONE) !== 0 || minisock === 'no') return NO;
    return minisock === 'yes'
      ? yes(
          'handed to a FIN_WAIT2 minisock: counted as timewait, no longer as an orphan. This does not say what met it later',
        )
      : undecided(LAST_PLACE, 'limit');
  },
  fastDeath: ({ phase, from, err, sentReset, isDone, minisock }) =>
    phase === 'after_close' && from === TCP.FIN_WAIT2 && err === 0 && !sentReset && !isDone && minisock === 'yes'
      ? 'peer'
      : null,
  advice: (path, where) => [
    hadNotClosed(path),
    ...whatWasSlow(path, where),
    'net.ipv4.tcp_max_orphans has no part in it: the minisock that goes on is no orphan.',
  ],
};

const whatWasSlow = (path: Subject, where: string): readonly string[] => {
  if (path.waiting_for === 'peer_fin') return [lowerFinTimeout(where)];
  return tookBytes(path) ? [tookLong(path)] : [lookForPath(path, where)];
};
