// Makes the recordings of test/fixtures/ again: `node scripts/record-fixtures.ts [NAME...]`, as root, on a machine where
// nobody minds (host.fwr lowers tcp_max_orphans and tcp_mem for seconds). Beside each NAME.fwr lies NAME.json: the
// sockets that the lab made to die. Then run `npm run captures`: the pages of docs/causes/ show them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import split2 from 'split2';
import type { LabEvent } from '../src/lab/event.ts';
import { readRecording } from '../src/record/reader.ts';
import { type OpenStream, openStream } from '../src/stream/open-stream.ts';
import type { Meta } from '../src/wire/meta.ts';
import { takeTurn } from '../test/e2e/lock.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = `${ROOT}test/fixtures/`;
const FINWAIT = `${ROOT}src/bin/finwait.ts`;
const V6 =
  'active_close passive_close simultaneous_close shutdown_then_close linger_waits linger2_at_close ' +
  'linger_zero unread_data data_after_close peer_reset listener retries last_ack_retries window_silent fin_timeout_61';

type Workload = {
  readonly workload: string;
  readonly lab: readonly string[];
  /** The recording ends so long after the close of this scenario's socket, which still is dying then. */
  readonly endsIn?: { readonly scenario: string; readonly afterMs: number };
};

const FIXTURES: Readonly<Record<string, Workload>> = {
  lab: { workload: 'all quick scenarios, IPv4', lab: ['--at-once', '4', 'quick'] },
  'lab-v6': { workload: 'some scenarios, IPv6', lab: ['-6', '--at-once', '4', ...V6.split(' ')] },
  ends: {
    workload: 'ends that lab.fwr does not have, and some that are like them',
    lab: [...'own_firewall time_wait_overflow repair peer_reset active_close passive_close unread_data'.split(' ')],
  },
  slow: {
    workload: 'an orphan whose peer reads slowly, until 7.5 s after its close, and some that end at once',
    lab: ['--at-once', '4', ...'slow_reader active_close passive_close unread_data peer_reset linger_zero'.split(' ')],
    endsIn: { scenario: 'slow_reader', afterMs: 7500 },
  },
  living: {
    workload: 'sockets that live on for 30 s, and are looked at again',
    lab: ['--at-once', '9', '--count', '3', ...'fin_timeout_90 retries window_silent'.split(' ')],
  },
  host: { workload: 'scenarios that set sysctls of the whole host', lab: ['--host', 'host'] },
};

/** The inventory of what was dying before is done by then; and skipped probes are read once a second. */
const SETTLE_MS = 3000;
const MOST_BYTES = 100_000;

const finwait = (args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [FINWAIT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

const startRecorder = async (path: string): Promise<ChildProcess> => {
  const recorder = finwait(['record', '--min-age', '0', '--backend', 'tracepoint', '-o', path]);
  let said = '';
  recorder.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  while (!said.includes('recording to')) {
    if (recorder.exitCode !== null) throw new Error(`finwait record ended: ${said}`);
    await sleep(50);
  }
  await sleep(SETTLE_MS);
  return recorder;
};

/** @param onEvent - told each event as it comes */
const playLab = async (args: readonly string[], onEvent: (event: LabEvent) => void): Promise<readonly LabEvent[]> => {
  const lab = finwait(['lab', '--json', ...args]);
  const events: LabEvent[] = [];
  lab.stdout?.pipe(split2()).on('data', (line: string) => {
    const event: LabEvent = JSON.parse(line);
    events.push(event);
    onEvent(event);
  });
  lab.stderr?.pipe(process.stderr);
  const [exitCode] = await once(lab, 'close');
  if (exitCode !== 0)
    throw new Error(`finwait lab: ${JSON.stringify(events.filter(({ type }) => type === 'lab_failed'))}`);
  return events;
};

/** A recording's own meta, and the number of events that were lost in it. */
const look = async (path: string): Promise<{ readonly meta: Meta; readonly lost: number }> => {
  const read: { meta: Meta; fold: OpenStream }[] = [];
  await readRecording(path, {
    onMeta: (meta) => {
      read.push({ meta, fold: openStream(meta, { onEnd: () => {}, onLedger: () => {}, onNotice: () => {} }) });
    },
    onLine: (line) => {
      read[0]?.fold.push(line);
      return undefined;
    },
  });
  const [found] = read;
  if (found === undefined) throw new Error(`${path} has no meta`);
  found.fold.end();
  return { meta: found.meta, lost: found.fold.tracker.counters().lostEvents };
};

/** A recording that is no good does not replace the one that was there. */
const record = async (name: string, { lab, endsIn }: Workload): Promise<void> => {
  const path = `${FOLDER}${name}.fwr`;
  const fresh = `${path}.new`;
  const recorder = await startRecorder(fresh);
  try {
    const isClosed = once(recorder, 'close');
    const events = await playLab(lab, (event) => {
      if (event.type !== 'lab_socket' || event.scenario !== endsIn?.scenario) return;
      setTimeout(() => recorder.kill('SIGINT'), event.at * 1000 + endsIn.afterMs - Date.now());
    });
    await sleep(SETTLE_MS);
    recorder.kill('SIGINT');
    await isClosed;
    const { lost } = await look(fresh);
    const { size } = statSync(fresh);
    if (lost > 0 || size > MOST_BYTES) throw new Error(`${name}: ${lost} events lost, ${size} bytes; try again`);
    const sockets = events.filter(({ type }) => type === 'lab_socket');
    writeFileSync(`${FOLDER}${name}.json`, `[\n${sockets.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
    renameSync(fresh, path);
  } finally {
    recorder.kill('SIGINT');
    rmSync(fresh, { force: true });
  }
};

/** The note that each recording must have: workload, kernel, bpftrace, date. */
const describeAll = async (): Promise<string> => {
  const rows: string[] = [];
  for (const [name, { workload, lab }] of Object.entries(FIXTURES)) {
    const { meta } = await look(`${FOLDER}${name}.fwr`);
    const cells = [
      `\`${name}.fwr\``,
      workload,
      `\`finwait lab --json ${lab.join(' ')}\``,
      `Linux ${meta.kernel.split('-')[0]}`,
    ];
    rows.push(`| ${[...cells, meta.bpftrace, meta.backend, meta.started_at.slice(0, 10)].join(' | ')} |`);
  }
  return `# Recordings of real deaths

Each \`NAME.fwr\` was recorded by \`finwait record\` while \`finwait lab\` played; \`NAME.json\` holds the \`lab_socket\` events of
that run (docs/lab.md), by which the socket of a scenario is found. docs/causes/ shows them (\`scripts/generate-causes.ts\`),
and test/cli/dropped-lines.property.test.ts drops lines from them.

\`sudo node scripts/record-fixtures.ts [NAME...]\` makes them again, and this page; then \`npm run captures\`
brings the pages up to date. It refuses a recording in which events were lost. \`host\` lowers \`tcp_max_orphans\` and
\`tcp_mem\` of the whole machine for seconds, and takes more than a minute.

| file | workload | while this played | kernel | bpftrace | backend | date |
|---|---|---|---|---|---|---|
${rows.join('\n')}
`;
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(FIXTURES);
// The tests of the kernel take the same turn: the orphan limit is the whole machine's.
const giveBack = await takeTurn();
try {
  for (const name of names) {
    const fixture = FIXTURES[name];
    if (fixture === undefined)
      throw new Error(`no fixture is called ${name}; there are ${Object.keys(FIXTURES).join(', ')}`);
    await record(name, fixture);
    process.stderr.write(`${name}.fwr: ${statSync(`${FOLDER}${name}.fwr`).size} bytes\n`);
  }
} finally {
  giveBack();
}
writeFileSync(`${FOLDER}README.md`, await describeAll());
