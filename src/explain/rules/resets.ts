import { TCP } from '../../kernel/tcp-state.ts';
import { counted, thousands } from '../../text/words.ts';
import { OWN } from '../../wire/evidence.ts';
import { ERR, type Facts } from './facts.ts';
import { NO, type Rule, undecided, yes } from './rule.ts';

/** Ends by a reset, from either side, and by an operator. */

const wasReset = (err: number): boolean => err === ERR.reset || err === ERR.pipe || err === ERR.refused;

export const killed: Rule = {
  endedBy: 'killed',
  cites: 'tcp_abort (ss -K, bpf_sock_destroy)',
  check: ({ phase, err, isClosed }) => {
    if (err !== ERR.aborted || phase === 'unseen') return NO;
    if (phase === 'before_close') {
      return isClosed ? yes('operator', 'aborted (ECONNABORTED, as ss -K does) before the close') : NO;
    }
    return yes('operator', 'ended with ECONNABORTED, which tcp_abort sets (ss -K, bpf_sock_destroy)');
  },
};

export const linger2: Rule = {
  endedBy: 'linger2',
  cites: '__tcp_close, tcp_rcv_state_process (TCPAbortOnLinger)',
  check: ({ phase, from, sentReasons, record }) => {
    if (phase !== 'after_close') return NO;
    const isNegative = record.detail.linger2 < 0;
    if (sentReasons.includes('TCP_ABORT_ON_LINGER') || (isNegative && from === TCP.FIN_WAIT2)) {
      return yes('local', 'TCP_LINGER2 < 0: reset instead of FIN_WAIT2');
    }
    return NO;
  },
};

export const dataAfterClose: Rule = {
  endedBy: 'data_after_close',
  cites: 'tcp_rcv_state_process (TCPAbortOnData), tcp_reset',
  check: ({ phase, from, err, received, answered, dataSegsAfter, record }) => {
    if (phase !== 'after_close' || !answered) return NO;
    if (!received) {
      // In FIN_WAIT1 the segment that acknowledges our FIN may bring data: tcp_done there, without tcp_reset.
      return from === TCP.FIN_WAIT2 && err === 0 && record.detail.linger2 >= 0
        ? yes('peer', 'the peer sent data with its ACK of our FIN, after the close, and was answered with a reset')
        : NO;
    }
    const came = dataSegsAfter === null ? '' : ` (${counted(dataSegsAfter, 'data segment')})`;
    return yes('peer', `the peer sent data after the close${came} and was answered with a reset`, dataSegsAfter !== 0);
  },
};

export const peerReset: Rule = {
  endedBy: 'peer_reset',
  cites: 'tcp_reset',
  check: ({ phase, err, received, answered, dataSegsAfter, isUnaccepted, isClosed, from }) => {
    if (!wasReset(err)) return NO;
    if (phase === 'before_close') {
      if (isUnaccepted) return yes('peer', 'the peer had reset it before it was accepted');
      return isClosed && from !== 0 && from !== TCP.SYN_SENT
        ? yes('peer', 'the peer had reset the connection before the close')
        : NO;
    }
    if (phase !== 'after_close' || answered) return NO;
    if (!received) return undecided(`ended with errno ${err} as by a reset, but none was seen to come`);
    if (dataSegsAfter === 0) {
      return yes('peer', 'the peer sent a reset (tcp_receive_reset); no data came after the close');
    }
    const came =
      dataSegsAfter === null ? 'how much came is not known' : `${counted(dataSegsAfter, 'data segment')} came`;
    return yes('peer', `the peer sent a reset (tcp_receive_reset), or data: ${came}`, false);
  },
};

/** A reset the kernel sent of itself, without an error, while the sock still had something to send. */
const isForResources = ({ phase, from, err, sentReasons, answered, received }: Facts): boolean =>
  phase === 'after_close' &&
  err === 0 &&
  !received &&
  (sentReasons.includes('TCP_ABORT_ON_MEMORY') ||
    (sentReasons.length > 0 && !answered && (from === TCP.FIN_WAIT1 || from === TCP.CLOSING || from === TCP.LAST_ACK)));

type Excess = {
  readonly orphans: boolean | null;
  readonly memory: boolean | null;
  readonly figures: string;
  readonly isFresh: boolean;
};

/**
 * Which of the two limits was passed at that moment. tcp_close compares the orphan count as it is; a timer shifts it
 * left by up to two, so it can kill from a quarter of the limit on.
 *
 * @see Linux net/ipv4/tcp.c, tcp_check_oom, tcp_too_many_orphans; net/ipv4/tcp_timer.c, tcp_out_of_resources
 */
const excessOf = ({ record, own }: Facts): Excess => {
  const { orphans = null, limit = null, memPages = null, memHigh = null, isFresh = false } = record.sock.pressure ?? {};
  const shift = own ? 1 : 4;
  const orphanFigures =
    orphans === null || limit === null ? '' : `${counted(orphans, 'orphan')} of at most ${thousands(limit)}`;
  const memFigures =
    memPages === null || memHigh === null
      ? ''
      : `${counted(memPages, 'page')} of at most ${thousands(memHigh)} (tcp_mem)`;
  const figures = [orphanFigures, memFigures].filter((text) => text !== '').join(', ');
  return {
    orphans: orphans === null || limit === null ? null : orphans * shift > limit,
    memory: memPages === null || memHigh === null ? null : memPages > memHigh,
    figures: figures === '' ? '' : `${figures} ${isFresh ? 'at that moment' : 'when last read'}`,
    isFresh,
  };
};

export const orphanLimit: Rule = {
  endedBy: 'orphan_limit',
  cites: 'tcp_close, tcp_out_of_resources: tcp_too_many_orphans',
  check: (facts) => {
    if (!isForResources(facts)) return NO;
    const { orphans, memory, figures, isFresh } = excessOf(facts);
    if (orphans === true && memory !== true) {
      return yes('limit', `reset because of too many orphans: ${figures}`, memory === false && isFresh);
    }
    return memory === true && orphans !== true
      ? NO
      : undecided(
          `reset for lack of tcp_max_orphans or tcp_mem; which one did not show${figures && `: ${figures}`}`,
          'limit',
        );
  },
};

export const outOfMemory: Rule = {
  endedBy: 'out_of_memory',
  cites: 'tcp_close, tcp_out_of_resources: tcp_out_of_memory',
  check: (facts) => {
    if (!isForResources(facts)) return NO;
    const { orphans, memory, figures, isFresh } = excessOf(facts);
    return memory === true && orphans !== true
      ? yes('limit', `reset because TCP had more memory than tcp_mem allows: ${figures}`, orphans === false && isFresh)
      : NO;
  },
};

export const finTimeout: Rule = {
  endedBy: 'fin_timeout',
  cites: 'tcp_keepalive_timer in FIN_WAIT2',
  check: ({ phase, from, err, own, sentReasons, answered, record }) =>
    phase === 'after_close' &&
    from === TCP.FIN_WAIT2 &&
    err === 0 &&
    !own &&
    (record.last.context & OWN) === 0 &&
    record.detail.linger2 >= 0 &&
    sentReasons.length > 0 &&
    !answered
      ? yes('peer', 'the FIN_WAIT2 timer ran out and reset it')
      : NO,
};
