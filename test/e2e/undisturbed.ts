import type { ClosePath } from '../../src/explain/close-path.ts';
import type { Trace } from './finwait.ts';

const TRIES = 6;

/**
 * Runs an experiment until the kernel skipped no probe during it. While a probe runs on a CPU, the kernel runs none
 * for an event that interrupts it. Such an event is counted as lost, and an experiment that lost its own events proves
 * nothing. The kernel skips some without a count (docs/measurements.md): then the path itself says that it lacks one.
 * An experiment that fails with nothing lost has failed: it is not tried again.
 *
 * @param trace the finwait that watches, asked before and after each attempt: the attempt may start it
 * @param again makes the ground new before another try: another finwait, new namespaces
 */
export const undisturbed = async (
  title: string,
  attempt: () => Promise<void>,
  trace: () => Trace | undefined,
  again: () => Promise<void>,
): Promise<void> => {
  for (let tries = 1; ; tries++) {
    const first = trace();
    const before = first?.ledger().lost_events ?? 0;
    try {
      await attempt();
      return;
    } catch (error) {
      const last = trace();
      const lost = last === undefined ? 0 : (await lostEvents(last)) - (last === first ? before : 0) + lacking(last);
      if (lost === 0 || tries === TRIES) throw error;
      process.stderr.write(`${title}: ${lost} events lost, tried again: ${String(error).split('\n')[0]}\n`);
      await again();
    }
  }
};

/** The states after a shutdown or a close. A path that begins in one is of a socket from before the capture. */
const AFTER_A_FIN: readonly unknown[] = ['FIN_WAIT1', 'FIN_WAIT2', 'CLOSING', 'LAST_ACK'];

/**
 * True if a path lacks an event: it says so, or it begins after a FIN although its socket was made after the capture
 * began. finwait cannot know the latter: a socket that was shut down long before looks the same to it.
 */
export const lacksAnEvent = ({ gaps, path }: ClosePath): boolean =>
  gaps.includes('transition_missed') || gaps.includes('destroy_missed') || AFTER_A_FIN.includes(path[0]?.from);

/** The number of rows that lack an event. The trace began before all the sockets of the experiment. */
const lacking = (trace: Trace): number => trace.paths(lacksAnEvent).length;

/** The events lost so far. Skipped probes are read once a second, so a loss is in the second record at the latest. */
const lostEvents = async (trace: Trace): Promise<number> => {
  let more = 2;
  await trace.nextLedger('the losses so far', () => --more === 0).catch(() => undefined);
  const { lost_events, drift, in_flight } = trace.ledger();
  return lost_events + (in_flight === 0 ? Math.abs(drift ?? 0) : 0);
};
