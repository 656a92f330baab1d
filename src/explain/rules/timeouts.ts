import { counted } from '../../text/words.ts';
import { hasNoRoom } from '../waiting.ts';
import { ERR, type Facts, isUnreachable } from './facts.ts';
import { boundOfProbes, isProbing } from './probe-bound.ts';
import { NO, type Rule, undecided, yes } from './rule.ts';

/** Ends by a timer that gave up: tcp_write_err, which sends no reset. */

/** tcp_write_err prefers what ICMP said (sk_err_soft) to ETIMEDOUT. */
const isTimeout = ({ phase, err, record, sentReasons, received }: Facts): boolean =>
  phase === 'after_close' &&
  sentReasons.length === 0 &&
  !received &&
  (err === ERR.timedOut || (err !== 0 && err === record.last.errSoft));

const howText = (err: number): string =>
  err === ERR.timedOut ? 'ETIMEDOUT' : `errno ${err}, which an ICMP error had told before`;

const unanswered = (probes: number): string => counted(probes, 'unanswered window probe');

/** ICMP said that the way was closed: then the network is known to have kept it. */
const sideOf = (err: number, otherwise: 'unknown' | 'peer'): 'network' | 'unknown' | 'peer' =>
  isUnreachable(err) ? 'network' : otherwise;

export const userTimeout: Rule = {
  endedBy: 'user_timeout',
  cites: 'retransmits_timed_out, tcp_probe_timer (icsk_user_timeout)',
  check: (facts) => {
    const { err, record } = facts;
    if (!isTimeout(facts) || record.detail.userTimeoutMs === 0) return NO;
    const side = sideOf(err, 'unknown');
    const because = `timed out (${howText(err)}) under TCP_USER_TIMEOUT of ${record.detail.userTimeoutMs} ms`;
    // With retransmissions it replaces tcp_orphan_retries; of window probes both are asked, whichever is over first.
    if (!isProbing(record)) return yes(side, because);
    const { by, probes, limit, sysctl } = boundOfProbes(record);
    if (by === 'window_probes') return NO;
    if (by === 'user_timeout') {
      return yes(side, `${because}, after ${unanswered(probes)}: fewer than ${sysctl} allows, ${limit}`);
    }
    return yes(
      side,
      `${because}, or after ${unanswered(probes)}, as many as ${sysctl} allows (window_probes): either may have been over first`,
      false,
    );
  },
};

export const windowProbes: Rule = {
  endedBy: 'window_probes',
  cites: 'tcp_probe_timer',
  check: (facts) => {
    const { err, record } = facts;
    const { last, detail } = record;
    if (!isTimeout(facts) || !isProbing(record) || !hasNoRoom(last)) return NO;
    const inTime = detail.userTimeoutMs === 0 ? '' : `, before TCP_USER_TIMEOUT of ${detail.userTimeoutMs} ms was over`;
    if (last.probesOut === 0) {
      const because = 'window probes that were answered: their interval was at its maximum';
      return yes(sideOf(err, 'peer'), `timed out (${howText(err)}) after ${because}${inTime}`);
    }
    // A peer that does not answer may have gone, and the path with it.
    return yes(sideOf(err, 'unknown'), `timed out (${howText(err)}) after ${unanswered(last.probesOut)}${inTime}`);
  },
};

export const retries: Rule = {
  endedBy: 'retries',
  cites: 'tcp_write_timeout, tcp_probe_timer',
  check: (facts) => {
    const { err, record } = facts;
    const { last } = record;
    if (!isTimeout(facts)) return NO;
    if (last.probesOut > 0) {
      return yes(
        'local',
        `timed out (${howText(err)}) after ${counted(last.probesOut, 'attempt')} that did not leave this host: the peer's window had room for ${last.sndWnd} B`,
      );
    }
    return last.icskRetransmits > 0
      ? yes(
          sideOf(err, 'unknown'),
          `timed out (${howText(err)}) after ${counted(last.icskRetransmits, 'retransmission timeout')}: nothing came back`,
        )
      : undecided(`timed out (${howText(err)}), but no retransmission and no probe was counted`);
  },
};
