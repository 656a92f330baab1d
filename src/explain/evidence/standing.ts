import type { Read } from '../../lifecycle/baseline.ts';
import { VIA } from '../../wire/event.ts';
import type { Evidence } from '../../wire/evidence.ts';
import { ICSK_TIME } from '../kernel/icsk-pending.ts';
import type { Delivery } from './delivery.ts';
import { droppedHere, probesDroppedHere } from './dropped-here.ts';
import type { SockRecord } from './record.ts';
import { type Unreachable, unreachableBy } from './timeout.ts';

/** The standing of a dying sock by the newest evidence, which was traced or read through sock_diag. */
export type Standing = {
  readonly state: number;
  readonly last: Pick<
    Evidence,
    | 'pending'
    | 'icskRetransmits'
    | 'backoff'
    | 'probesOut'
    | 'writeSeq'
    | 'sndUna'
    | 'sndNxt'
    | 'sndWnd'
    | 'packetsOut'
    | 'errSoft'
  >;
  /** The kernel had queued the FIN: `writeSeq` counts it. */
  readonly countsFin: boolean;
  /** False: `sndWnd` is not known, and stands for a window without room. */
  readonly isWindowKnown: boolean;
  /** The maker of an error in `errSoft` that says unreachable. */
  readonly unreachableBy: Unreachable;
  /** The newest transmissions did not leave this host. */
  readonly isDroppedHere: boolean;
  /** Null if it delivers nothing, or none was seen. */
  readonly delivery: Delivery | null;
};

export const standingOf = (record: SockRecord, delivery: Delivery | null): Standing => ({
  state: record.sock.state,
  last: record.last,
  // An announcement is made before the FIN is queued; later lines count the FIN.
  countsFin: record.sock.latest !== null || record.sock.announce.via === VIA.foundDead,
  isWindowKnown: true,
  unreachableBy: unreachableBy(record),
  isDroppedHere: droppedHere(record) === 'yes',
  delivery,
});

/** Kinds of a pending timer in sock_diag. @see Linux net/ipv4/inet_diag.c, inet_sk_diag_fill */
export const DIAG_TIMER = { none: 0, retransmission: 1, keepalive: 2, probe: 4 } as const;

const PENDING: Readonly<Record<number, number>> = {
  [DIAG_TIMER.retransmission]: ICSK_TIME.retrans,
  [DIAG_TIMER.probe]: ICSK_TIME.probe0,
};

/** The standing that a reading shows. sock_diag tells differences of sequence numbers, so they count from `snd_una`. */
export const standingOfRead = ({ state, retransmits, txQueue, timer, reading }: Read): Standing => ({
  state,
  last: {
    pending: PENDING[timer.kind] ?? ICSK_TIME.none,
    icskRetransmits: retransmits,
    backoff: reading.backoff,
    probesOut: timer.probesOut,
    writeSeq: txQueue,
    sndUna: 0,
    sndNxt: Math.max(0, txQueue - reading.notSent),
    sndWnd: reading.sndWnd ?? 0,
    packetsOut: reading.packetsOut,
    errSoft: 0,
  },
  countsFin: true,
  isWindowKnown: reading.sndWnd !== null,
  unreachableBy: null,
  isDroppedHere:
    timer.kind === DIAG_TIMER.probe &&
    reading.sysctls !== null &&
    probesDroppedHere({ probesOut: timer.probesOut, backoff: reading.backoff }, reading.sysctls.retries2) === 'yes',
  delivery: null,
});
