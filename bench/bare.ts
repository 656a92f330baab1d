import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { surveyBackends } from '../src/capture/backend.ts';
import { type BpftraceProgram, bpftraceEnv, lateParams, onStack } from '../src/capture/bpftrace.ts';
import { loadBtf } from '../src/capture/btf.ts';
import { resolveProbe } from '../src/capture/probe-text.ts';
import { maxOrphans } from '../src/capture/spawn.ts';
import { type Child, startChild } from './child.ts';
import type { Tool } from './tool.ts';

const PROBE = /^(?:kfunc|kretfunc|fentry|fexit|kprobe|kretprobe|tracepoint|rawtracepoint|interval|profile):\S+/;
const ATTACH_MS = 60_000;
/** As finwait announces by default. */
const MIN_AGE_MS = 10;

/** A script of the same probes with nothing in them: what attaching alone costs. It says `ready` once it is attached. */
export const bareScript = (script: string): string => {
  const probes = script
    .split('\n')
    .map((line) => PROBE.exec(line)?.[0])
    .filter((probe) => probe !== undefined);
  if (probes.length === 0) throw new Error('the script has no probes');
  return ['BEGIN { printf("ready\\n"); }', ...probes.map((probe) => `${probe} { }`), ''].join('\n');
};

/**
 * The script that finwait gives this bpftrace by default here: of the first backend that this kernel has, announcing
 * late.
 *
 * @param probes - the folder of its scripts
 */
const finwaitScript = (program: BpftraceProgram, probes: string): string => {
  const btf = loadBtf();
  const backend = surveyBackends(btf).find(({ isAvailable }) => isAvailable)?.backend;
  if (btf === undefined || backend === undefined) throw new Error('finwait has no backend here: finwait doctor');
  const text = readFileSync(join(probes, `${backend}-lazy.bt`), 'utf8');
  return onStack(resolveProbe(text, btf.has), program.version);
};

/** Starts a script as finwait does, and resolves once it has printed what its BEGIN says: after everything is attached. */
const startScript = async (program: BpftraceProgram, script: string, word: RegExp): Promise<Child> => {
  const cpus = availableParallelism();
  const params = lateParams(MIN_AGE_MS, cpus, maxOrphans());
  const child = await startChild(program.path, ['-', ...params], {
    env: bpftraceEnv(cpus, maxOrphans()),
    input: script,
  });
  if (await child.until(() => word.test(child.said().stdout), ATTACH_MS)) return child;
  await child.stop();
  throw new Error(`bpftrace did not attach: ${child.said().stderr.trim()}`);
};

/** How long bpftrace alone takes to attach finwait's script, ms. */
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
 * die. No path, no closer, no cause, no way to find who has not died yet: what is below this row costs finwait's own.
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
