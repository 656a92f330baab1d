import { counted } from '../report/words.ts';
import { hasNoRoom } from '../waiting.ts';
import { ERR, type Facts } from './facts.ts';
import { NO, type Rule, undecided, yes } from './rule.ts';

/** Ends by a timer that gave up: tcp_write_err, which sends no reset. */

const EHOSTUNREACH = 113;
const ENETUNREACH = 101;
const EHOSTDOWN = 112;

/** tcp_write_err prefers what ICMP said (sk_err_soft) to ETIMEDOUT. */
const isTimeout = ({ phase, err, record, sentReasons, received }: Facts): boolean =>
  phase === 'after_close' &&
  sentReasons.length === 0 &&
  !received &&
  (err === ERR.timedOut || (err !== 0 && err === record.last.errSoft));

const howText = (err: number): string =>
  err === ERR.timedOut ? 'ETIMEDOUT' : `errno ${err}, which an ICMP error had told before`;

/** ICMP said that the way was closed: then the network is known to have kept it. */
const sideOf = (err: number, otherwise: 'unknown' | 'peer'): 'network' | 'unknown' | 'peer' =>
  err === EHOSTUNREACH || err === ENETUNREACH || err === EHOSTDOWN ? 'network' : otherwise;

export const userTimeout: Rule = {
  endedBy: 'user_timeout',
  cites: 'retransmits_timed_out, tcp_probe_timer (icsk_user_timeout)',
  check: (facts) => {
    const { err, record } = facts;
    if (!isTimeout(facts) || record.detail.userTimeoutMs === 0) return NO;
    return yes(
      sideOf(err, 'unknown'),
      `timed out (${howText(err)}) under TCP_USER_TIMEOUT of ${record.detail.userTimeoutMs} ms`,
    );
  },
};

export const windowProbes: Rule = {
  endedBy: 'window_probes',
  cites: 'tcp_probe_timer',
  check: (facts) => {
    const { err, record } = facts;
    const { last } = record;
    if (!isTimeout(facts) || last.probesOut === 0 || !hasNoRoom(last)) return NO;
    return yes(sideOf(err, 'peer'), `timed out (${howText(err)}) after ${counted(last.probesOut, 'window probe')}`);
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
