import { TCP } from '../kernel/tcp-state.ts';
import { ENDINGS } from './causes/order.ts';
import type { EndedBy, Side } from './close-path.ts';
import { type Facts, factsOf, type ResetReasons } from './evidence/facts.ts';
import type { SockRecord } from './evidence/record.ts';

export type Ending = {
  readonly endedBy: EndedBy;
  readonly side: Side;
  readonly because: string;
  readonly certain: boolean;
};

/**
 * The end of a destroyed sock: the first cause whose question says yes. If none does, `unknown`, with what the first
 * undecided cause lacked.
 *
 * @see ../../docs/close-path.md; Linux net/ipv4/tcp.c, tcp_input.c, tcp_timer.c
 */
export const endingOf = (record: SockRecord, reasons: ResetReasons): Ending => {
  const facts = factsOf(record, reasons);
  let lacking: Ending | null = null;
  for (const cause of ENDINGS) {
    const verdict = cause.question(facts);
    if (verdict.answer === 'yes') {
      const { because, certain } = verdict;
      return { endedBy: cause.name, side: verdict.side ?? cause.side, because, certain };
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

/** Says why an end is unknown if no question says yes. */
const whyUnknown = ({ phase, isClosed, isKernels, from, own, err, record }: Facts): [string, Side?] => {
  if (phase === 'not_observed') return ['its way into CLOSE was not observed'];
  if (phase === 'before_close') {
    if (!isClosed) return ['destroyed although no close was observed'];
    if (record.moves.at(-1)?.to !== TCP.CLOSE) return ['closed in CLOSE; how it got there was not observed'];
    if (own && err === 0 && (isKernels || record.detail.isKernelThread)) {
      return ['the kernel disconnected it, as MPTCP does with a subflow whose time is up'];
    }
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
