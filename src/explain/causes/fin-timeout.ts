import { TCP } from '../../kernel/tcp-state.ts';
import { OWN } from '../../wire/evidence.ts';
import { NO_KEEPALIVE_IN_FIN_WAIT2, NO_ORPHAN_RETRIES_IN_FIN_WAIT2 } from '../sentences/notes.ts';
import { notClosing } from '../sentences/peer.ts';
import { type EndingCause, NO, yes } from './cause.ts';

export const finTimeout: EndingCause<'fin_timeout'> = {
  name: 'fin_timeout',
  title: 'reset by the FIN_WAIT2 timer',
  meaning:
    'The peer acknowledged our FIN and never closed its half; when the FIN_WAIT2 timer fired, no time was left for a minisock, so the kernel reset the connection.',
  looksLike: 'FIN_WAIT2 for a while, then a reset from this host.',
  why: 'The FIN_WAIT2 timer of a full socket fired and found that the time left would be 0 or less, so no minisock was made: as when tcp_fin_timeout was lowered while the socket waited.',
  helps: [
    'Look at the application at the peer: there the connection was in CLOSE_WAIT, and `ss -tanp state close-wait` names the process that does not close it.',
    'Nothing more is needed where tcp_fin_timeout was lowered: sockets that enter FIN_WAIT2 at 60 or less are handed to a minisock at once (unless 3.5 RTOs are longer than 60 s), and no such timer runs.',
  ],
  doesNotHelp: [
    'Lowering net.ipv4.tcp_fin_timeout does not help sockets that wait already: it makes their timer reset them instead of handing them over.',
    NO_KEEPALIVE_IN_FIN_WAIT2,
    NO_ORPHAN_RETRIES_IN_FIN_WAIT2,
  ],
  howKnown:
    "FIN_WAIT2 to CLOSE in a timer's context (not owned by a task), errno 0, a reset sent that answers no segment.",
  knownBy: 'a reset from the FIN_WAIT2 timer',
  cites: 'tcp_keepalive_timer, tcp_fin_time (net/ipv4/tcp_timer.c)',
  scenario: 'fin_timeout_lowered',
  side: 'peer',
  isHarmless: false,
  /** @see Linux tcp_keepalive_timer in FIN_WAIT2 */
  question: ({ phase, from, err, own, sentReasons, answered, record }) =>
    phase === 'after_close' &&
    from === TCP.FIN_WAIT2 &&
    err === 0 &&
    !own &&
    (record.last.context & OWN) === 0 &&
    record.detail.linger2 >= 0 &&
    sentReasons.length > 0 &&
    !answered
      ? yes('the FIN_WAIT2 timer ran out and reset it')
      : NO,
  advice: (path, where) => [
    notClosing(path),
    `Lowering net.ipv4.tcp_fin_timeout${where} would not help sockets that wait already: it is what makes their timer reset them. Those that enter FIN_WAIT2 later, at 60 s or less, go to a minisock at once.`,
    'net.ipv4.tcp_keepalive_time would not help.',
  ],
};
