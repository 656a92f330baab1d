import { TCP } from '../kernel/tcp-state.ts';
import { BOUNDS } from '../wire/bounds.ts';
import type { Destroy } from '../wire/event.ts';
import { SOCK } from '../wire/evidence.ts';
import type { Sock } from './sock.ts';

/** A destroyed sock is finished this much later: it may still send the reset that answers a segment. */
const AFTERMATH_NS = 5_000_000;

/** Destroyed socks that wait for a reset of theirs. */
export type Aftermath = {
  readonly add: (sock: Sock) => void;
  /** Finishes those that have waited long enough at `now`. */
  readonly advance: (now: number) => void;
};

/**
 * @param finish - takes each sock once, in the order of their destroys
 * @param onFull - there are too many: this one, the first, is finished next
 */
export const createAftermath = (finish: (sock: Sock) => void, onFull: (sock: Sock) => void): Aftermath => {
  /** From `start` on. The places before it are null, so that nothing is held longer than needed. */
  const socks: (Sock | null)[] = [];
  let start = 0;

  return {
    add: (sock) => {
      socks.push(sock);
      if (socks.length - start <= BOUNDS.ended) return;
      const first = socks[start] ?? null;
      socks[start++] = null;
      if (first === null) return;
      onFull(first);
      finish(first);
    },
    advance: (now) => {
      for (; start < socks.length; start++) {
        const sock = socks[start] ?? null;
        if (sock === null || (sock.destroyedAt ?? 0) + AFTERMATH_NS >= now) break;
        socks[start] = null;
        finish(sock);
      }
      if (start > 1024 && start * 2 > socks.length) {
        socks.splice(0, start);
        start = 0;
      }
    },
  };
};

/**
 * True if the end that a destroy shows rests on a reset that did not come, or on the count of the orphans. No number
 * tells if that reset was lost: it answers a segment after the destroy.
 *
 * @see Linux net/ipv4/tcp_input.c, tcp_rcv_state_process in FIN_WAIT1; tcp_timer.c, tcp_keepalive_timer, tcp_out_of_resources
 */
export const hasOpenEnd = ({ moves, resets, pressure }: Sock, { err, flags }: Destroy): boolean => {
  const last = moves.at(-1);
  if (last?.to !== TCP.CLOSE || err !== 0) return false;
  if (last.from === TCP.FIN_WAIT2) return !last.own && resets.length === 0 && (flags & SOCK.DONE) === 0;
  return pressure !== null && last.from === TCP.FIN_WAIT1;
};
