import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  type BpftraceProgram,
  bpftraceEnv,
  deferredParams,
  mapKeys,
  onStack,
} from '../src/capture/bpftrace/bpftrace.ts';
import { maxOrphans } from '../src/capture/bpftrace/compose.ts';
import { resolveProbe } from '../src/capture/bpftrace/probe-text.ts';
import { surveyBackends } from '../src/capture/kernel/backend.ts';
import { loadBtf } from '../src/capture/kernel/btf.ts';
import { type Child, startChild } from './child.ts';
import type { Tool } from './tool.ts';

const PROBE = /^(?:kfunc|kretfunc|fentry|fexit|kprobe|kretprobe|tracepoint|rawtracepoint|interval|profile):\S+/;
const ATTACH_MS = 60_000;
/** finwait's own default. */
const MIN_AGE_MS = 10;

/**
 * A script of the same probes with nothing in them: it shows the cost of attaching alone. It says `ready` once
 * attached.
 */
export const bareScript = (script: string): string => {
  const probes = script
    .split('\n')
    .map((line) => PROBE.exec(line)?.[0])
    .filter((probe) => probe !== undefined);
  if (probes.length === 0) throw new Error('the script has no probes');
  return ['BEGIN { printf("ready\\n"); }', ...probes.map((probe) => `${probe} { }`), ''].join('\n');
};

/**
 * The script that finwait gives this bpftrace by default here: the deferred one of the first backend that this kernel has.
 *
 * @param probes - the folder of its scripts
 */
const finwaitScript = (program: BpftraceProgram, probes: string): string => {
  const btf = loadBtf();
  const backend = surveyBackends(btf).find(({ isAvailable }) => isAvailable)?.backend;
  if (btf === undefined || backend === undefined) throw new Error('finwait has no backend here: finwait doctor');
  const text = readFileSync(join(probes, `${backend}-deferred.bt`), 'utf8');
  return onStack(resolveProbe(text, btf.has), program.version);
};

/** Starts a script as finwait does, and resolves once it has printed what its BEGIN says: after everything is attached. */
const startScript = async (program: BpftraceProgram, script: string, word: RegExp): Promise<Child> => {
  const cpus = availableParallelism();
  const params = deferredParams(MIN_AGE_MS, cpus, mapKeys(cpus, maxOrphans()));
  const child = await startChild(program.path, ['-', ...params], {
    env: bpftraceEnv(cpus, mapKeys(cpus, maxOrphans())),
    input: script,
  });
  if (await child.until(() => word.test(child.said().stdout), ATTACH_MS)) return child;
  await child.stop();
  throw new Error(`bpftrace did not attach: ${child.said().stderr.trim()}`);
};

/** Measures the time that bpftrace alone takes to attach finwait's script, ms. */
export const startAlone = async (program: BpftraceProgram, probes: string): Promise<number> => {
  const start = performance.now();
  const child = await startScript(program, finwaitScript(program, probes), /^H /m);
  const ms = performance.now() - start;
  await child.stop();
  return ms;
};

/** A script as a row of the table, once it has said that it is attached. It says nothing of losses. */
const scriptTool = (program: BpftraceProgram, name: string, role: Tool['role'], script: () => string): Tool => ({
  name,
  bpftrace: program.version,
  role,
  start: async () => {
    const child = await startScript(program, script(), /^ready$/m);
    const stop = async () => {
      await child.stop();
      return { lost: null, drift: null };
    };
    return { pid: child.pid, stop };
  },
});

export const bareAttach = (program: BpftraceProgram, probes: string): Tool =>
  scriptTool(program, 'bare attach', 'bare', () => bareScript(finwaitScript(program, probes)));

/**
 * The least a script can do that times deaths: it remembers when a socket was closed and counts how long each took to
 * die. It has no path, no closer, no cause, and no way to find sockets that have not died yet. finwait's own work costs
 * the difference to this row.
 */
const LEAST = `BEGIN { printf("ready\\n"); }
tracepoint:sock:inet_sock_set_state
/args->protocol == 6 && (args->newstate == 4 || args->newstate == 9)/
{ @closed[(uint64)args->skaddr] = nsecs; }
tracepoint:tcp:tcp_destroy_sock
{
  $at = @closed[(uint64)args->skaddr];
  if ($at != 0) { delete(@closed[(uint64)args->skaddr]); @died[(nsecs - $at) >> 20] = count(); }
}
END { clear(@closed); clear(@died); }
`;

export const leastScript = (program: BpftraceProgram): Tool =>
  scriptTool(program, 'the least that times deaths', 'least', () => LEAST);

/**
 * The least that can announce slow sockets, on a bpftrace that cannot loop over maps: the last two transitions, a ring
 * a CPU of closes by time, a look through it 200 times a second. The closer is two numbers. It has no cause, no
 * evidence, no name and no filters, and it does nothing about skipped events, full maps, or a socket in two places at
 * once. It is the bound of the design.
 */
const LEAST_DEFERRED = `BEGIN
{
  @young[(uint64)0] = ((uint64)0, (uint64)0, (uint64)0);
  delete(@young[(uint64)0]);
  @ring[(uint64)0] = ((uint64)0, (uint64)0, (uint64)0);
  delete(@ring[(uint64)0]);
  printf("ready\\n");
}
tracepoint:sock:inet_sock_set_state
/args->protocol == 6 && args->newstate > 3 && args->newstate != 7 && args->newstate != 10/
{
  $key = (uint64)args->skaddr;
  $new = (uint64)args->newstate;
  $now = nsecs;
  $closed = (uint64)0;
  $past = (uint64)0;
  if ($new != 4 && $new != 8) {
    $y = @young[$key];
    $closed = $y.0;
    $past = $y.2;
  }
  if ($new == 4 || $new == 9) {
    $closed = $now;
    $head = @head[(uint64)cpu];
    @ring[((uint64)cpu << 16) | ($head & (uint64)$2)] = ($key, $now, ((uint64)pid << 32) | (uint64)tid);
    @head[(uint64)cpu] = $head + 1;
  }
  @young[$key] = ($closed, $past, ($now << 8) | $new);
}
tracepoint:tcp:tcp_destroy_sock
{
  $key = (uint64)args->skaddr;
  $y = @young[$key];
  if ($y.2 != 0) {
    delete(@young[$key]);
    if ($y.0 != 0) { @died[($y.2 & 255) | (((nsecs - $y.0) >> 20) << 8)] = count(); }
  }
}
profile:hz:200
{
  $cpu = (uint64)cpu;
  $head = @head[$cpu];
  $tail = @tail[$cpu];
  $now = nsecs;
  $i = 0;
  while ($i < 150) {
    if ($tail == $head) { break; }
    $r = @ring[($cpu << 16) | ($tail & (uint64)$2)];
    $y = @young[$r.0];
    if ($y.0 == $r.1) {
      if ($now - $r.1 < (uint64)$1) { break; }
      printf("%llx %llx %llx %llx\\n", $r.0, $r.2, $y.1, $y.2);
      delete(@young[$r.0]);
    }
    $tail = $tail + 1;
    $i = $i + 1;
  }
  if ($i > 0) { @tail[$cpu] = $tail; }
}
END { clear(@young); clear(@ring); clear(@head); clear(@tail); clear(@died); }
`;

export const leastDeferredScript = (program: BpftraceProgram): Tool =>
  scriptTool(program, 'the least that defers', 'least', () => LEAST_DEFERRED);
