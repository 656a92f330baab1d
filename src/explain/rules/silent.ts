import { TCP } from '../../kernel/tcp-state.ts';
import { counted, thousands } from '../../text/words.ts';
import { SOCK } from '../../wire/evidence.ts';
import { isAllAcked } from '../sequence.ts';
import type { Facts } from './facts.ts';
import { NO, type Rule, undecided, yes } from './rule.ts';

/** Ends without an error and without a reset. */

const isSilent = ({ err, received, sentReasons }: Facts): boolean => err === 0 && !received && sentReasons.length === 0;

export const acked: Rule = {
  endedBy: 'acked',
  cites: 'tcp_rcv_state_process in LAST_ACK',
  check: (facts) => {
    const { phase, from, err, isClosed, record } = facts;
    if (from !== TCP.LAST_ACK || err !== 0) return NO;
    if (phase === 'before_close') return isClosed ? yes('none', 'both FINs were acknowledged before the close') : NO;
    return phase === 'after_close' && isSilent(facts) && isAllAcked(record.last)
      ? yes('none', 'the peer acknowledged our FIN in LAST_ACK')
      : NO;
  },
};

export const timeWait: Rule = {
  endedBy: 'time_wait',
  cites: 'tcp_time_wait from FIN_WAIT2 or CLOSING',
  check: (facts) => {
    const { phase, from, own, err, isClosed, record } = facts;
    if (err !== 0) return NO;
    if (phase === 'before_close') {
      if (!isClosed) return NO;
      if (from === TCP.CLOSING) return yes('none', 'TIME_WAIT took over before the close');
      return from === TCP.FIN_WAIT2 && !own
        ? yes('none', "the peer's FIN was answered and TIME_WAIT took over before the close")
        : NO;
    }
    if (phase !== 'after_close' || !isSilent(facts)) return NO;
    if (from === TCP.CLOSING && isAllAcked(record.last)) {
      return yes('none', 'both sides closed at once; TIME_WAIT took over');
    }
    return from === TCP.FIN_WAIT2 && (record.last.flags & SOCK.DONE) !== 0
      ? yes('none', "the peer's FIN came; TIME_WAIT took over")
      : NO;
  },
};

export const finWait2Timewait: Rule = {
  endedBy: 'fin_wait2_timewait',
  cites: 'tcp_time_wait(TCP_FIN_WAIT2)',
  check: (facts) =>
    facts.phase === 'after_close' &&
    facts.from === TCP.FIN_WAIT2 &&
    isSilent(facts) &&
    (facts.record.last.flags & SOCK.DONE) === 0
      ? yes('peer', 'handed to a FIN_WAIT2 minisock: counted as timewait, no longer as an orphan')
      : NO,
};

export const resources: Rule = {
  endedBy: 'resources',
  cites: 'tcp_out_of_resources without a reset',
  check: (facts) => {
    const { phase, from, own, isKernels, record } = facts;
    const isWaiting = from === TCP.FIN_WAIT1 || from === TCP.CLOSING || from === TCP.LAST_ACK;
    if (phase !== 'after_close' || !isWaiting || !isSilent(facts) || isAllAcked(record.last)) return NO;
    if (own || isKernels) {
      return undecided(
        'moved to CLOSE silently, our FIN not acknowledged: a namespace that ended, or no rule covers it',
      );
    }
    const pressure = record.sock.pressure;
    const figures =
      pressure?.orphans == null || pressure.limit === null
        ? ''
        : `; ${counted(pressure.orphans, 'orphan')} of at most ${thousands(pressure.limit)}${pressure.isFresh ? ' at that moment' : ' when last read'}`;
    return yes(
      'limit',
      `a timer ended it without a reset or an error, our FIN not acknowledged, for want of resources${figures}`,
    );
  },
};
