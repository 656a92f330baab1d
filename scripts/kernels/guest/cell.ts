/**
 * Runs inside a guest: finwait traces in one backend while the lab makes sockets die; what it said is compared with the
 * table of endings. Leaves verdict.json, and what a failure is looked into with: trace.ndjson, lab.ndjson, a recording,
 * stderr.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFinwait, startTrace, stopAll, type Trace } from '../../../test/e2e/finwait.ts';
import { type Lab, startLab } from '../../../test/e2e/lab.ts';
import { ENDINGS } from '../../../test/lab/endings.ts';
import type { Guest } from '../limitations.ts';
import type { Verdict } from '../verdict.ts';
import { judgeAll } from './judge.ts';

const { values } = parseArgs({
  options: { out: { type: 'string', default: '/tmp/out' }, backend: { type: 'string', default: 'auto' } },
});
const { out, backend } = values;
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

type Played = { readonly trace: Trace; readonly lab: Lab };

const play = async (names: readonly string[]): Promise<Played> => {
  for (const file of readdirSync(out)) if (file.endsWith('.fwr')) rmSync(join(out, file));
  say('finwait trace starts');
  const trace = await startTrace('--backend', backend, '--record', join(out, 'cell.fwr'));
  say(`attached: ${trace.meta().backend}; the lab starts`);
  const lab = startLab('--hold', '--at-once', String(AT_ONCE), ...names);
  try {
    await lab.until('all is played', () => lab.of('lab_hold').length > 0, PLAY_MS);
    say('all is played');
    // Skipped probes are read once a second: what was lost stands in the second record.
    let more = 2;
    await trace.nextLedger('drift 0 at rest', (row) => row.drift === 0 && row.in_flight === 0 && --more <= 0);
  } finally {
    writeFileSync(join(out, 'trace.ndjson'), trace.stdout());
    writeFileSync(join(out, 'trace.stderr'), trace.stderr());
    writeFileSync(join(out, 'lab.ndjson'), lab.stdout());
    writeFileSync(join(out, 'lab.stderr'), lab.stderr());
  }
  return { trace, lab };
};

const bpftraceVersion = (): string =>
  /v?(\d[\w.-]*)/.exec(execFileSync('bpftrace', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown';

const run = async (): Promise<Verdict> => {
  const disturbed: number[] = [];
  const names = Object.keys(ENDINGS);
  let verdict: Verdict = {
    kernel: release(),
    bpftrace: bpftraceVersion(),
    backend,
    scenarios: {},
    ledger: null,
    disturbed,
    error: null,
    seconds: 0,
  };
  writeFileSync(join(out, 'doctor.json'), (await runFinwait('doctor', '--json')).stdout);
  for (let tries = 1; tries <= TRIES; tries++) {
    try {
      const { trace, lab } = await play(names);
      const socketsOf = (name: string) => lab.sockets(name);
      const scenarios = judgeAll(names, socketsOf, lab.skipped, trace.paths(), guest());
      const failed = lab.of('lab_failed').map(({ scenario, error }) => `${scenario}: ${error}`);
      const error = failed.length > 0 ? `the lab failed: ${failed.join('; ')}` : null;
      verdict = { ...verdict, scenarios, ledger: trace.ledger(), error, seconds: seconds() };
    } catch (error) {
      verdict = { ...verdict, error: error instanceof Error ? error.message : String(error), seconds: seconds() };
    }
    await stopAll();
    const lost = verdict.ledger?.lost_events ?? 0;
    say(`try ${tries}: ${lost} events lost${verdict.error === null ? '' : `; ${verdict.error}`}`);
    if (lost === 0) break;
    disturbed.push(lost);
    if (tries === TRIES || seconds() > ENOUGH_TIME_S) break;
  }
  return verdict;
};

const verdict = await run();
writeFileSync(join(out, 'verdict.json'), JSON.stringify({ ...verdict, seconds: seconds() }, null, 1));
say('done');
