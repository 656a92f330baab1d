/** Runs inside a guest: how many connections a second are left under each backend. Leaves rates.json. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { startTrace } from '../../../test/e2e/finwait.ts';
import { BACKENDS } from '../kernels.ts';

const ROUNDS = 3;
/** One Python loop on loopback: open, close both ends, count. */
const LOOP = `
import socket, time
s = socket.create_server(('127.0.0.1', 0)); at = s.getsockname(); n = 0; end = time.monotonic() + 5
while time.monotonic() < end:
    c = socket.create_connection(at); a, _ = s.accept(); c.close(); a.close(); n += 1
print(n / 5)
`;
const rate = (): number => Number(execFileSync('python3', ['-c', LOOP], { encoding: 'utf8' }));

const rounds: Record<string, number>[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const rates: Record<string, number> = { untraced: rate() };
  for (const backend of BACKENDS) {
    const trace = await startTrace('--backend', backend);
    rates[backend] = rate();
    await trace.stop();
  }
  rounds.push(rates);
  process.stdout.write(`overhead: ${JSON.stringify(rates)}\n`);
  writeFileSync('/tmp/out/rates.json', JSON.stringify({ kernel: release(), rounds }));
}
