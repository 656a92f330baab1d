import { TCP } from '../../kernel/tcp-state.ts';
import type { EndedBy, Side } from '../close-path.ts';
import type { SockRecord } from '../record.ts';
import { lingerZero, listenerClosed, neverConnected, unreadData } from './at-close.ts';
import { type Facts, factsOf, type ResetReasons } from './facts.ts';
import { dataAfterClose, finTimeout, killed, linger2, orphanLimit, outOfMemory, peerReset } from './resets.ts';
import type { Rule } from './rule.ts';
import { acked, finWait2Timewait, resources, timeWait } from './silent.ts';
import { retries, userTimeout, windowProbes } from './timeouts.ts';

export type Ending = {
  readonly endedBy: EndedBy;
  readonly side: Side;
  readonly because: string;
  readonly certain: boolean;
};

/** Every way to end, in the order they are asked: the kernel looks at unread data before SO_LINGER, and so on. */
export const RULES: readonly Rule[] = [
  killed,
  neverConnected,
  listenerClosed,
  unreadData,
  lingerZero,
  orphanLimit,
  outOfMemory,
  dataAfterClose,
  peerReset,
  linger2,
  userTimeout,
  windowProbes,
  retries,
  finTimeout,
  acked,
  timeWait,
  finWait2Timewait,
  resources,
];

/**
 * How a destroyed sock ended: the first rule that says yes. Where none does, `unknown`, with what an undecided rule
 * lacked.
 *
 * @see ../../../docs/close-path.md; Linux net/ipv4/tcp.c, tcp_input.c, tcp_timer.c
 */
export const endingOf = (record: SockRecord, reasons: ResetReasons): Ending => {
  const facts = factsOf(record, reasons);
  let lacking: Ending | null = null;
  for (const rule of RULES) {
    const verdict = rule.check(facts);
    if (verdict.answer === 'yes') {
      return { endedBy: rule.endedBy, side: verdict.side, because: verdict.because, certain: verdict.certain };
    }
    if (verdict.answer === 'undecided' && lacking === null) lacking = unknown(verdict.because, verdict.side);
  }
  return lacking ?? unknown(...whyUnknown(facts));
};

const unknown = (because: string, side: Side = 'unknown'): Ending => ({
  endedBy: 'unknown',
  side,
  because,
  certain: false,
});

/** What is said of an end that no rule covers. */
const whyUnknown = ({ phase, isClosed, from, own, err, record }: Facts): [string, Side?] => {
  if (phase === 'unseen') return ['its way into CLOSE was not observed'];
  if (phase === 'before_close') {
    if (!isClosed) return ['destroyed although no close was observed'];
    if (record.moves.at(-1)?.to !== TCP.CLOSE) return ['closed in CLOSE; how it got there was not observed'];
    if (own && err === 0) {
      return ['a task had moved it to CLOSE before the close, as connect(AF_UNSPEC) does', 'local'];
    }
    return [`it was in CLOSE before tcp_close, from state ${from}; the cause left no trace`];
  }
  if (err !== 0) return [`ended with errno ${err}; no rule covers it`];
  return record.sock.resets.some((reset) => reset.sent)
    ? ['a reset was sent that no rule covers']
    : ['moved to CLOSE silently; no rule covers it'];
};
