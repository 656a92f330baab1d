import { ownLine } from '../../wire/own-lines.ts';
import type { BootClock } from '../kernel/boot-clock.ts';
import { gatherHostFacts } from './host-facts.ts';
import { followKernelLog } from './kernel-log.ts';

const EVERY_MS = 60_000;
/** The end of a capture does not wait longer for its last facts. */
const LAST_MS = 800;

export type HostWatchOptions = { readonly clock: BootClock; readonly put: (line: string) => void };

export type HostWatch = {
  /** Puts the facts once more, unless that takes longer than 0.8 s, and what the kernel logged until now. */
  readonly finish: () => Promise<void>;
  /** Puts nothing any more. */
  readonly stop: () => void;
};

/** Puts the facts of the host into the stream, now and once a minute, and what its kernel logs about orphans. */
export const watchHost = ({ clock, put }: HostWatchOptions): HostWatch => {
  let isStopped = false;
  const end = new AbortController();
  let turn: Promise<void> = Promise.resolve();
  const putNow = (line: string): void => {
    if (!isStopped) put(line);
  };
  const log = followKernelLog({ clock, put: putNow });
  // One after the other: a slow host must not gather twice at once.
  const look = (): Promise<void> => {
    turn = turn.then(async () => {
      if (isStopped) return;
      try {
        const facts = await gatherHostFacts(log, end.signal);
        putNow(ownLine.hostFacts(clock.now(), facts));
      } catch (error) {
        putNow(ownLine.notice(clock.now(), `the facts of this host could not be gathered: ${String(error)}`));
      }
    });
    return turn;
  };
  void look();
  const timer = setInterval(() => void look(), EVERY_MS);
  const stop = (): void => {
    isStopped = true;
    end.abort();
    clearInterval(timer);
    log.stop();
  };
  return {
    finish: async () => {
      clearInterval(timer);
      const patience = new Promise<void>((resolve) => {
        const tooLong = setTimeout(resolve, LAST_MS);
        void look().then(() => {
          clearTimeout(tooLong);
          resolve();
        });
      });
      await patience;
      log.poll();
      stop();
    },
    stop,
  };
};
