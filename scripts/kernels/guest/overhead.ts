/** Runs inside a guest: measures how many connections a second each backend leaves. Writes rates.json. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { startTrace } from '../../../test/e2e/finwait.ts';
import { BACKENDS } from '../kernels.ts';
import type { Rates } from '../overhead.ts';

const LOOPS = 5;
/** Python loops on loopback, 2 s each after a warm-up: open, close both ends, count. */
const LOOP = `
import socket, time
s = socket.create_server(('127.0.0.1', 0)); at = s.getsockname()
def rate(seconds):
    n, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        c = socket.create_connection(at); a, _ = s.accept(); c.close(); a.close(); n += 1
    return n / seconds
rate(0.5)
for _ in range(${LOOPS}): print(rate(2))
`;
const rates = (): readonly number[] =>
  execFileSync('python3', ['-c', LOOP], { encoding: 'utf8' }).trim().split('\n').map(Number);

// Attaching takes longest, so each backend attaches once. Untraced loops run before, between and after.
const untraced = [rates()];
const traced: Record<string, { readonly rates: readonly number[]; readonly lost: number }> = {};
for (const backend of BACKENDS) {
  const trace = await startTrace('--backend', backend);
  const seen = rates();
  await trace.nextLedger('what was lost', () => true);
  traced[backend] = { rates: seen, lost: trace.ledger().lost_events };
  await trace.stop();
  untraced.push(rates());
  process.stdout.write(`overhead: ${backend} ${seen.join(' ')}; untraced ${untraced.at(-1)?.join(' ')}\n`);
}
const found: Rates = { kernel: release(), untraced, traced };
writeFileSync('/tmp/out/rates.json', JSON.stringify(found));
process.exit(0);
