/**
 * Runs inside a guest: finwait traces in one backend while the lab makes sockets die; what it said is compared with the
 * table of endings. Leaves verdict.json, and what a failure is looked into with: trace.ndjson, lab.ndjson, a recording,
 * stderr.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import { type LedgerRecord, runFinwait, startTrace, stopAll, type Trace } from '../../../test/e2e/finwait.ts';
import { startLab } from '../../../test/e2e/lab.ts';
import { ENDINGS, HOST_ENDINGS } from '../../../test/lab/endings.ts';
import type { Guest } from '../limitations.ts';
import type { Verdict } from '../verdict.ts';
import { judgeAll } from './judge.ts';

const { values } = parseArgs({
  options: { out: { type: 'string', default: '/tmp/out' }, backend: { type: 'string', default: 'auto' } },
});
const { out, backend } = values;
type Scenarios = Verdict['scenarios'];
const startedAt = performance.now();
const seconds = (): number => Math.round((performance.now() - startedAt) / 1000);
const say = (line: string): void => {
  process.stdout.write(`cell: ${seconds()} s: ${line}\n`);
};

/** A try that lost events says nothing, and is made again while there is time. */
const TRIES = 3;
const ENOUGH_TIME_S = 100;
/** Emulation is slow: scenarios wait for one another on two CPUs. */
const AT_ONCE = 4;
const PLAY_MS = 150_000;

const guest = (): Guest => {
  const formats = '/sys/kernel/tracing/events/tcp/tcp_send_reset/format';
  return { backend, hasResetReasons: / reason;/.test(readFileSync(formats, 'utf8')) };
};

const settled = async (trace: Trace): Promise<void> => {
  // Skipped probes are read once a second: what was lost stands in the second record.
  let more = 2;
  await trace.nextLedger('drift 0 at rest', (row) => row.drift === 0 && row.in_flight === 0 && --more <= 0);
};

/** One lab under a finwait that runs already, and what is to be said of it. */
const playOne = async (trace: Trace, names: readonly string[], ...options: readonly string[]): Promise<Scenarios> => {
  // The namespaces of the lab before are gone: inodes and ports come again.
  const since = Date.now();
  const isOurs = ({ closed_at }: ClosePath): boolean => closed_at === null || Date.parse(closed_at) >= since;
  const lab = startLab('--hold', ...options, ...names);
  try {
    await lab.until('all is played', () => lab.of('lab_hold').length > 0, PLAY_MS);
    say(`all ${names.length} are played`);
    await settled(trace);
    const failed = lab.of('lab_failed').map(({ scenario, error }) => `${scenario}: ${error}`);
    if (failed.length > 0) throw new Error(`the lab failed: ${failed.join('; ')}`);
    return judgeAll(names, (name) => lab.sockets(name), lab.skipped, trace.paths(isOurs), guest());
  } finally {
    appendFileSync(join(out, 'lab.ndjson'), lab.stdout());
    appendFileSync(join(out, 'lab.stderr'), lab.stderr());
    await lab.stop();
  }
};

type Played = { readonly scenarios: Scenarios; readonly ledger: LedgerRecord | null; readonly error: string | null };

const play = async (): Promise<Played> => {
  for (const file of readdirSync(out)) if (file !== 'doctor.json') rmSync(join(out, file));
  say('finwait trace starts');
  const trace = await startTrace('--backend', backend, '--record', join(out, 'cell.fwr'));
  say(`attached: ${trace.meta().backend}`);
  let scenarios: Scenarios = {};
  let error: string | null = null;
  try {
    scenarios = await playOne(trace, Object.keys(ENDINGS), '--at-once', String(AT_ONCE));
    scenarios = { ...scenarios, ...(await playOne(trace, Object.keys(HOST_ENDINGS), '--host')) };
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown);
  }
  await trace.stop();
  writeFileSync(join(out, 'trace.ndjson'), trace.stdout());
  writeFileSync(join(out, 'trace.stderr'), trace.stderr());
  return { scenarios, ledger: trace.ledgers.at(-1) ?? null, error };
};

const bpftraceVersion = (): string =>
  /v?(\d[\w.-]*)/.exec(execFileSync('bpftrace', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown';

const run = async (): Promise<Verdict> => {
  writeFileSync(join(out, 'doctor.json'), (await runFinwait('doctor', '--json')).stdout);
  const disturbed: number[] = [];
  for (;;) {
    let played: Played = { scenarios: {}, ledger: null, error: null };
    try {
      played = await play();
    } catch (thrown) {
      played = { ...played, error: thrown instanceof Error ? thrown.message : String(thrown) };
    }
    await stopAll();
    const lost = played.ledger?.lost_events ?? 0;
    say(`${lost} events lost${played.error === null ? '' : `; ${played.error}`}`);
    if (lost > 0 && disturbed.length + 1 < TRIES && seconds() < ENOUGH_TIME_S) {
      disturbed.push(lost);
      continue;
    }
    return { kernel: release(), bpftrace: bpftraceVersion(), backend, ...played, disturbed, seconds: seconds() };
  }
};

const verdict = await run();
writeFileSync(join(out, 'verdict.json'), JSON.stringify(verdict, null, 1));
say('done');
