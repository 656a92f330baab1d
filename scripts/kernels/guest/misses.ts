import { spawn } from 'node:child_process';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import type { Trace } from '../../../test/e2e/finwait.ts';
import { faultsOfMisses, type Misses } from '../verdict.ts';
import { CONNECTIONS, runClients, withNetem } from './lossy.ts';

const ENDS_MS = 15_000;
const START_MS = 60_000;
/** A long program of somebody else. SPIN runs it without end, and meanwhile its CPU runs none of our probes. */
const HEAVY =
  'BEGIN { printf("runs\\n"); } tracepoint:syscalls:sys_enter_getppid { $i = 0; while ($i < 500) { @x = $i; $i++; } }';
const SPIN = `
import os
if os.fork(): os.sched_setaffinity(0, {0})
else: os.sched_setaffinity(0, {1 % os.cpu_count()})
print('spins', flush=True)
while True: os.getppid()
`;

const until = (child: ReturnType<typeof spawn>, pattern: RegExp): Promise<void> =>
  new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (pattern.test(said)) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', () => reject(new Error(`what was to keep the CPUs busy ended: ${said}`)));
    setTimeout(() => reject(new Error(`what was to keep the CPUs busy does not run: ${said}`)), START_MS).unref();
  });

/** Tries in all: it is chance whether the kernel skips a probe. */
const TRIES = 3;

/** Gives the last of up to three tries. A try in which the kernel skipped no probe proves nothing. */
export const playMisses = async (trace: Trace, isCounted: boolean): Promise<Misses> => {
  for (let tries = 1; ; tries++) {
    const misses = await playOnce(trace, isCounted);
    if (tries === TRIES || faultsOfMisses(misses).length === 0) return misses;
  }
};

/**
 * Makes the kernel skip probes. While another BPF program of a kprobe or tracepoint runs on a CPU, the kernel runs
 * none of ours for events that interrupt it. If the kernel counts such events, they must be counted as lost.
 */
const playOnce = async (trace: Trace, isCounted: boolean): Promise<Misses> => {
  const before = trace.ledger();
  const heavy = spawn('bpftrace', ['-e', HEAVY], { stdio: ['ignore', 'pipe', 'pipe'] });
  const spinner = spawn('python3', ['-c', SPIN], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  try {
    await Promise.all([until(heavy, /^runs/m), until(spinner, /spins/)]);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const port = await withNetem(runClients);
    const isOurs = (path: ClosePath): boolean => path.rport === port || (path.lport === port && path.rport !== 0);
    if (spinner.pid !== undefined) process.kill(-spinner.pid, 'SIGKILL');
    heavy.kill('SIGINT');
    await trace.untilPaths(2 * CONNECTIONS, isOurs, ENDS_MS).catch(() => undefined);
    let more = 3;
    await trace.nextLedger('three more', () => --more === 0);
    const paths = trace.paths(isOurs);
    const after = trace.ledger();
    return {
      expected: 2 * CONNECTIONS,
      paths: paths.length,
      uncertain: paths.filter(({ certain }) => !certain).length,
      lost: after.lost_events - before.lost_events,
      isCounted,
      drift: after.drift,
      notices: trace
        .stderr()
        .split('\n')
        .filter((line) => /skipped/.test(line))
        .slice(0, 3),
    };
  } finally {
    if (spinner.pid !== undefined) {
      try {
        process.kill(-spinner.pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    }
    heavy.kill('SIGKILL');
  }
};
