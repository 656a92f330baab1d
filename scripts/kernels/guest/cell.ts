/**
 * Runs inside a guest: finwait traces with one backend while the lab makes sockets die. Its rows are compared with the
 * table of endings. Leaves verdict.json, and for the study of a failure trace.ndjson, lab.ndjson, a recording and
 * stderr.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { freemem, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Check } from '../../../src/capture/checks.ts';
import { CATALOGUE } from '../../../src/lab/catalogue.ts';
import { runFinwait, startTrace, type Trace } from '../../../test/e2e/finwait.ts';
import { ENDINGS, HOST_ENDINGS, SLOW_ENDINGS, WRAPPED } from '../../../test/lab/endings.ts';
import { judgeLive } from '../judge.ts';
import { PARTS, type Verdict } from '../verdict.ts';
import { deferredWatcher, judgeEnd } from './deferred.ts';
import { killAtLimit } from './kills.ts';
import { playLossy } from './lossy.ts';
import { playMisses } from './misses.ts';
import { type Conditions, playRounds, settled, type Watcher, watchStalls } from './play.ts';
import { judgeIntegrity, lockDownIntegrity, playConfidentiality, playPrivileges } from './privileges.ts';
import { type Odd, prepareOdd } from './retries.ts';
import { compareSocks } from './sockets.ts';
import { shutWindows } from './windows.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: '/tmp/out' },
    backend: { type: 'string', default: 'auto' },
    /** --min-age of the second finwait, ms. */
    'min-age': { type: 'string', default: '10' },
    /** Some of PARTS, joined by +. */
    parts: { type: 'string', default: '' },
  },
});
const { out, backend } = values;
const parts = PARTS.filter((part) => values.parts.split('+').includes(part));
const startedAt = performance.now();
const say = (line: string): void => {
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  process.stdout.write(`cell: ${seconds} s, ${Math.round(freemem() / (1 << 20))} MB free: ${line}\n`);
};

/** Emulation is slow: scenarios wait for one another on two CPUs. */
const AT_ONCE = '6';
const LOGGED = ['too many orphaned sockets', 'out of memory -- consider tuning tcp_mem'];

const timed = async <T>(what: string, act: Promise<T>): Promise<T> => {
  const result = await act;
  say(what);
  return result;
};

const secondsOf = (scenario: string): number => CATALOGUE.find(({ name }) => name === scenario)?.seconds ?? 0;

const errorText = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

type Played = Omit<
  Verdict,
  'kernel' | 'bpftrace' | 'backend' | 'parts' | 'deadlines' | 'living' | 'kills' | 'privileges' | 'error' | 'seconds'
>;
const nothing: Played = {
  ...{
    scenarios: {},
    ipv6: null,
    lossy: null,
    unlogged: [],
    deferred: null,
    sockets: null,
    misses: null,
    ledger: null,
  },
  ...{ again: [], disturbed: [] },
};

const mainWatcher = (trace: Trace): Watcher => ({
  trace,
  scenarios: {},
  judge: (lab, paths) => judgeLive(lab, paths, trace.meta().backend),
});

/**
 * Plays the experiments that need a finwait that traces, and one that defers announcements. `keep` is called as soon
 * as there is a result, in case a later part stops half-way.
 */
const playTraced = async (
  trace: Trace,
  deferred: Trace,
  odd: Odd,
  conditions: Conditions,
  keep: (played: Played) => void,
): Promise<void> => {
  const main = mainWatcher(trace);
  const deferredMain = deferredWatcher(deferred, main, {}, Number(values['min-age']));
  // From here on both see every death.
  const both = trace.paths().length;
  const main6 = mainWatcher(trace);
  // They take a minute, so they die beside all that follows. The host's limits do not meet them: they are no orphans. A
  // guest that stands still makes no difference to them.
  const unhurried: Conditions = { ...conditions, stalledMs: () => 0 };
  const slowNames = Object.keys(SLOW_ENDINGS);
  const slow = Promise.all([
    playRounds([main, deferredMain], unhurried, out, slowNames),
    ...(parts.includes('ipv6') ? [playRounds([main6], unhurried, out, slowNames, '-6')] : []),
  ]);
  // This goes before all that makes orphans: the limits of the whole host would end them too.
  const host = await timed(
    'the host',
    playRounds([main, deferredMain], conditions, out, Object.keys(HOST_ENDINGS), '--host'),
  );
  const log = execFileSync('dmesg', { encoding: 'utf8' });
  // The longest first, so that none of them is waited for alone.
  const names = [...Object.keys(ENDINGS), ...Object.keys(WRAPPED)].toSorted((a, b) => secondsOf(b) - secondsOf(a));
  const kills = await timed('kills', killAtLimit());
  writeFileSync(join(out, 'kills.json'), JSON.stringify(kills.facts));
  const windows = await timed('windows', shutWindows());
  writeFileSync(join(out, 'windows.json'), JSON.stringify(windows.facts));
  leftAlive.push(kills.end, windows.end);
  const odds = timed('retries', odd.play());
  const { lossy, again } = await timed('netem', playLossy(trace, conditions.isCounted));
  const ipv4 = await timed('IPv4', playRounds([main, deferredMain], conditions, out, names, '--at-once', AT_ONCE));
  const ipv6 = parts.includes('ipv6')
    ? await timed('IPv6', playRounds([main6], conditions, out, names, '-6', '--at-once', AT_ONCE))
    : null;
  await odds;
  const slowly = await timed('the slow', slow);
  const [ledger, deferredLedger] = await Promise.all([settled(trace), settled(deferred)]);
  const sockets = await timed('ss', compareSocks());
  const told = trace.paths().slice(both);
  await deferred.stop();
  const labs = [host, ...slowly, ipv4, ...(ipv6 === null ? [] : [ipv6])];
  const played: Played = {
    scenarios: main.scenarios,
    ipv6: ipv6 === null ? null : main6.scenarios,
    lossy,
    unlogged: LOGGED.filter((text) => !log.includes(text)),
    deferred: judgeEnd(deferred, deferredMain.scenarios, told, deferredLedger, conditions.isCounted),
    sockets,
    misses: null,
    ledger,
    again: [...again, ...labs.flatMap((lab) => lab.again)],
    disturbed: labs.flatMap(({ disturbed }) => disturbed),
  };
  writeFileSync(join(out, 'labs.json'), JSON.stringify([...host.labs, ...ipv4.labs]));
  keep(played);
  if (parts.includes('misses')) {
    keep({ ...played, misses: await timed('misses', playMisses(trace, conditions.isCounted)) });
  }
};

const askDoctor = async (): Promise<readonly Check[]> => {
  const { stdout } = await runFinwait('doctor', '--json', '--backend', backend);
  writeFileSync(join(out, 'doctor.json'), stdout);
  return JSON.parse(stdout).checks;
};

const bpftraceVersion = (): string =>
  /v?(\d[\w.-]*)/.exec(execFileSync('bpftrace', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown';

const isPrivileges = parts.includes('privileges');
const integrity = isPrivileges ? lockDownIntegrity() : null;

/** Each ends sockets that live on while the rest is played. */
const leftAlive: (() => void)[] = [];
let played = nothing;
let error: string | null = null;
let privileges: Verdict['privileges'] = {};
try {
  if (isPrivileges) privileges = await timed('privileges', playPrivileges());
  // Attaching takes long enough for the namespaces to stand before finwait reads their sysctls.
  const [trace, deferred, odd, checks] = await Promise.all([
    timed('attached', startTrace('--backend', backend, '--record', join(out, 'cell.fwr'))),
    timed(
      'attached, deferred',
      startTrace('--backend', backend, '--min-age', `${values['min-age']}ms`, '--record', join(out, 'deferred.fwr')),
    ),
    timed('retries are prepared', prepareOdd(parts.includes('long'))),
    timed('doctor', askDoctor()),
  ]);
  if (integrity !== null) privileges = { ...privileges, 'lockdown=integrity': judgeIntegrity(integrity, checks) };
  const isCounted = checks.some(({ name, state }) => name === 'skipped probes' && state === 'ok');
  const conditions: Conditions = { isCounted, stalledMs: watchStalls() };
  try {
    await playTraced(trace, deferred, odd, conditions, (now) => {
      played = now;
    });
  } catch (thrown) {
    error = errorText(thrown);
    played = { ...played, ledger: trace.ledger() };
  }
  await Promise.all([trace.stop(), deferred.stop()]);
  odd.end(join(out, 'odd.json'));
  for (const end of leftAlive) end();
  writeFileSync(join(out, 'trace.ndjson'), trace.stdout());
  writeFileSync(join(out, 'trace.stderr'), trace.stderr());
  writeFileSync(join(out, 'deferred.ndjson'), deferred.stdout());
  writeFileSync(join(out, 'deferred.stderr'), deferred.stderr());
  if (isPrivileges) {
    privileges = { ...privileges, 'lockdown=confidentiality': await timed('lockdown', playConfidentiality()) };
  }
} catch (thrown) {
  error ??= errorText(thrown);
}
const seconds = Math.round((performance.now() - startedAt) / 1000);
const kernel = { kernel: release(), bpftrace: bpftraceVersion(), backend, parts };
/** The host judges these by the recordings. */
const byHost = { deadlines: null, living: null, kills: null };
const verdict: Verdict = { ...kernel, ...played, ...byHost, privileges, error, seconds };
writeFileSync(join(out, 'verdict.json'), JSON.stringify(verdict, null, 1));
say(error === null ? 'done' : `stopped: ${error}`);
process.exit(0);
