import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Load, type LoadOptions, runLoad } from './load.ts';
import { rotate } from './statistics.ts';
import type { Said, Tool } from './tool.ts';
import { processes, takenByOthers, type Usage, usageOf } from './usage.ts';

const WARM_UP_SECONDS = 1;
/** The tool before is gone, and what it cost the kernel too. */
const PAUSE_MS = 1000;
/** A tool is at rest when it has used less than this share of a CPU, twice. */
const REST_SHARE = 0.05;
const REST_MS = 500;
const LONGEST_REST_MS = 60_000;

/** A load is taken again when others had more than this share of the CPUs meanwhile, so many times at most. */
const QUIET_SHARE = 0.05;
const TRIES = 3;

/** One load under one tool. */
export type Sample = Said & {
  readonly load: Load;
  readonly usage: Usage | null;
  /** The share of all CPUs that processes of others had during the load. */
  readonly othersShare: number;
};

/** A tool and its samples, one a round; null for a round in which it failed. */
export type Row = {
  readonly tool: Tool;
  readonly samples: readonly (Sample | null)[];
  readonly failure: string | null;
};

/** Resolves when the tool has read what was printed: the rest of its work belongs to its cost. */
const untilAtRest = async (pid: number): Promise<void> => {
  let before = usageOf(pid).cpuSeconds;
  for (let [calm, waited] = [0, 0]; calm < 2 && waited < LONGEST_REST_MS; waited += REST_MS) {
    await sleep(REST_MS);
    const now = usageOf(pid).cpuSeconds;
    calm = (now - before) / (REST_MS / 1000) < REST_SHARE ? calm + 1 : 0;
    before = now;
  }
};

const sample = async (program: string, tool: Tool, options: LoadOptions): Promise<Sample> => {
  await sleep(PAUSE_MS);
  const running = await tool.start();
  const { pid } = running;
  let usage: Usage | null = null;
  let load: Load;
  let said: Said;
  let othersShare: number;
  try {
    const before = pid === null ? null : usageOf(pid);
    const all = processes();
    load = await runLoad(program, options);
    othersShare = takenByOthers(all, processes(), process.pid) / (load.seconds * availableParallelism());
    if (pid !== null && before !== null) {
      await untilAtRest(pid);
      const after = usageOf(pid);
      usage = { cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakRss: after.peakRss };
      await sleep(running.settleMs ?? 0);
    }
  } finally {
    said = await running.stop();
  }
  return { ...said, load, usage, othersShare };
};

/** Takes loads again that others disturbed; loses its patience on a machine that is never quiet. */
const createPatience = (program: string, repeats: number, tell: (text: string) => void) => {
  let left = repeats;
  /** The first sample that nobody disturbed, else the one that was disturbed least. */
  return async (tool: Tool, options: LoadOptions): Promise<Sample> => {
    let best = await sample(program, tool, options);
    for (let tries = 1; tries < TRIES && best.othersShare > QUIET_SHARE && left > 0; tries++, left--) {
      tell(`${tool.name}: others had ${Math.round(best.othersShare * 100)} % of the CPUs; again`);
      const next = await sample(program, tool, options);
      if (next.othersShare < best.othersShare) best = next;
    }
    return best;
  };
};

/**
 * Every tool in turn, in every round, in another order each. The first round warms up and is dropped; a tool that
 * fails in it is not tried again.
 *
 * @param tell - takes a word for the person who waits
 */
export const runCapture = async (
  program: string,
  tools: readonly Tool[],
  options: LoadOptions & { readonly rounds: number },
  tell: (text: string) => void,
): Promise<readonly Row[]> => {
  const { rounds, ...load } = options;
  const quietSample = createPatience(program, tools.length, tell);
  const failures = new Map<Tool, string>();
  const unfit = new Set<Tool>();
  const taken = new Map<Tool, (Sample | null)[]>(tools.map((tool) => [tool, []]));
  for (let round = 0; round <= rounds; round++) {
    const isWarmUp = round === 0;
    for (const tool of rotate(tools, round)) {
      if (unfit.has(tool)) continue;
      const name = tool.bpftrace === null ? tool.name : `${tool.name}, bpftrace ${tool.bpftrace}`;
      let found: Sample | null = null;
      try {
        found = isWarmUp
          ? await sample(program, tool, { ...load, seconds: WARM_UP_SECONDS })
          : await quietSample(tool, load);
        tell(`${isWarmUp ? 'warm-up' : `round ${round}`}: ${name}: ${Math.round(found.load.per_second)} conn/s`);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        failures.set(tool, reason);
        if (isWarmUp) unfit.add(tool);
        tell(`${isWarmUp ? 'warm-up' : `round ${round}`}: ${name}: ${reason}`);
      }
      if (!isWarmUp) taken.get(tool)?.push(found);
    }
  }
  return tools.map((tool) => ({ tool, samples: taken.get(tool) ?? [], failure: failures.get(tool) ?? null }));
};
