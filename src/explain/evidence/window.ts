import type { Evidence } from '../../wire/evidence.ts';
import { ICSK_TIME } from '../kernel/icsk-pending.ts';
import type { SockRecord } from './record.ts';

/**
 * True if the peer's window is shut: nothing is in flight, the probe timer is pending, and the window has no room.
 *
 * A segment that cannot leave this host looks the same, except that the window then has room for it.
 *
 * @see Linux net/ipv4/tcp_timer.c, tcp_probe_timer
 */
export const isWindowShut = (evidence: Pick<Evidence, 'packetsOut' | 'pending'> & Room): boolean =>
  evidence.packetsOut === 0 && isProbePending(evidence) && hasNoRoom(evidence);

/**
 * True if this host itself holds data back: nothing is in flight, and the window has room, but the probe timer is
 * pending. Pacing sets it, and a transmission that failed here.
 *
 * @see Linux net/ipv4/tcp_output.c tcp_write_xmit, include/net/tcp.h tcp_check_probe_timer
 */
export const isHeldHere = (evidence: Pick<Evidence, 'packetsOut' | 'pending'> & Room): boolean =>
  evidence.packetsOut === 0 && isProbePending(evidence) && !hasNoRoom(evidence);

/**
 * True if the peer's window has no room for the bytes that are queued and not sent. A probe takes what room there is:
 * where it could not, although the window has some, it failed in this host.
 *
 * @see Linux net/ipv4/tcp_output.c, tcp_write_wakeup
 */
export const hasNoRoom = ({ writeSeq, sndNxt, sndWnd, probesOut }: Room): boolean =>
  sndWnd < (writeSeq - sndNxt) >>> 0 && (sndWnd === 0 || probesOut === 0);

type Room = Pick<Evidence, 'writeSeq' | 'sndNxt' | 'sndWnd' | 'probesOut'>;

/** True if the timer of window probes is pending. */
export const isProbePending = ({ pending }: Pick<Evidence, 'pending'>): boolean => pending === ICSK_TIME.probe0;

/** True if the window was already shut when tcp_close found the sock. */
export const wasShutAtClose = ({ detail }: SockRecord): boolean => isWindowShut(detail.evidence);
