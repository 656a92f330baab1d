/**
 * Runs inside a guest: finwait traces in one backend while the lab makes sockets die; what it said is compared with the
 * table of endings. Leaves verdict.json, and what a failure is looked into with: trace.ndjson, lab.ndjson, a recording,
 * stderr.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFinwait, startTrace, stopAll, type Trace } from '../../../test/e2e/finwait.ts';
import { startLab } from '../../../test/e2e/lab.ts';
import { ENDINGS, HOST_ENDINGS } from '../../../test/lab/endings.ts';
import { judgeLab, type LabRun } from '../judge.ts';
import { isRight, type Lossy, type Verdict } from '../verdict.ts';
import { playLossy } from './lossy.ts';

const { values } = parseArgs({
  options: { out: { type: 'string', default: '/tmp/out' }, backend: { type: 'string', default: 'auto' } },
});
const { out, backend } = values;
const startedAt = performance.now();
const seconds = (): number => Math.round((performance.now() - startedAt) / 1000);
const say = (line: string): void => {
  process.stdout.write(`cell: ${seconds()} s: ${line}\n`);
};

/** A try that failed and lost events says nothing, and is made again while there is time. */
const TRIES = 3;
const ENOUGH_TIME_S = 130;
/** Emulation is slow: scenarios wait for one another on two CPUs. */
const AT_ONCE = 4;
const PLAY_MS = 90_000;

const settled = async (trace: Trace): Promise<void> => {
  // Skipped probes are read once a second: what was lost stands in the second record.
  let more = 2;
  await trace.nextLedger('drift 0 at rest', (row) => row.drift === 0 && row.in_flight === 0 && --more <= 0);
};

/** One lab under a finwait that runs already. */
const playOne = async (trace: Trace, names: readonly string[], ...options: readonly string[]): Promise<LabRun> => {
  const since = Date.now();
  const lab = startLab('--hold', ...options, ...names);
  try {
    await lab.until('all is played', () => lab.of('lab_hold').length > 0, PLAY_MS);
    say(`all ${names.length} are played`);
    await settled(trace);
    const failed = lab.of('lab_failed').map(({ scenario, error }) => `${scenario}: ${error}`);
    if (failed.length > 0) throw new Error(`the lab failed: ${failed.join('; ')}`);
    return {
      since,
      until: Date.now(),
      scenarios: Object.fromEntries(names.map((name) => [name, lab.skipped(name)])),
      sockets: lab.of('lab_socket').filter(({ role }) => role === 'dying'),
    };
  } finally {
    appendFileSync(join(out, 'lab.ndjson'), lab.stdout());
    appendFileSync(join(out, 'lab.stderr'), lab.stderr());
    await lab.stop();
  }
};

type Played = Pick<Verdict, 'scenarios' | 'ledger' | 'lossy' | 'error'>;

const play = async (): Promise<Played> => {
  for (const file of readdirSync(out)) if (file !== 'doctor.json') rmSync(join(out, file));
  say('finwait trace starts');
  const trace = await startTrace('--backend', backend, '--record', join(out, 'cell.fwr'));
  say(`attached: ${trace.meta().backend}`);
  const labs: LabRun[] = [];
  let lossy: Lossy | null = null;
  let error: string | null = null;
  try {
    labs.push(await playOne(trace, Object.keys(ENDINGS), '--at-once', String(AT_ONCE)));
    labs.push(await playOne(trace, Object.keys(HOST_ENDINGS), '--host'));
    lossy = await playLossy(trace);
    say('the lossy wire is played');
    await settled(trace);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown);
  }
  await trace.stop();
  writeFileSync(join(out, 'trace.ndjson'), trace.stdout());
  writeFileSync(join(out, 'trace.stderr'), trace.stderr());
  writeFileSync(join(out, 'labs.json'), JSON.stringify(labs));
  const scenarios = Object.assign({}, ...labs.map((lab) => judgeLab(lab, trace.paths(), trace.meta().backend)));
  return { scenarios, lossy, ledger: trace.ledgers.at(-1) ?? null, error };
};

const bpftraceVersion = (): string =>
  /v?(\d[\w.-]*)/.exec(execFileSync('bpftrace', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown';

const run = async (): Promise<Verdict> => {
  writeFileSync(join(out, 'doctor.json'), (await runFinwait('doctor', '--json')).stdout);
  const disturbed: number[] = [];
  for (;;) {
    let played: Played = { scenarios: {}, lossy: null, ledger: null, error: null };
    try {
      played = await play();
    } catch (thrown) {
      played = { ...played, error: thrown instanceof Error ? thrown.message : String(thrown) };
    }
    await stopAll();
    const lost = played.ledger?.lost_events ?? 0;
    const verdict = {
      kernel: release(),
      bpftrace: bpftraceVersion(),
      backend,
      ...played,
      disturbed,
      seconds: seconds(),
    };
    say(
      `${isRight(verdict) ? 'right' : 'wrong'}, ${lost} events lost${played.error === null ? '' : `; ${played.error}`}`,
    );
    if (isRight(verdict) || lost === 0 || disturbed.length + 1 === TRIES || seconds() > ENOUGH_TIME_S) return verdict;
    disturbed.push(lost);
  }
};

const verdict = await run();
writeFileSync(join(out, 'verdict.json'), JSON.stringify(verdict, null, 1));
say('done');
