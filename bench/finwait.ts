import { symlinkSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BpftraceProgram } from '../src/capture/bpftrace/bpftrace.ts';
import { startChild } from './child.ts';
import { scratchDir } from './cleanup.ts';
import type { Said, Tool } from './tool.ts';

const ATTACH_MS = 60_000;
/** After the probes come the inventory and the first ledger. */
const SETTLE_MS = 1500;
/** After a loss finwait takes the inventory again, within 5 s, and corrects its ledger by it; then a sample is due. */
const FINAL_MS = 6500;
const REPLAY_MS = 300_000;

/** finwait's ways to capture. The flag is given each time, so that the table holds whatever the defaults become. */
const MODES = [
  { name: 'finwait default (--min-age 10ms)', minAge: '10ms' },
  { name: 'finwait --min-age 0', minAge: '0' },
] as const;

/** The last ledger of lines of JSON. @throws Error when there is none */
export const lastLedger = (text: string): Said => {
  const line = text.split('\n').findLast((each) => each.startsWith('{"type":"ledger"'));
  const row: unknown = line === undefined ? null : JSON.parse(line);
  if (typeof row !== 'object' || row === null) throw new Error('finwait gave no ledger');
  const figure = (name: string): number | null => {
    const value: unknown = Reflect.get(row, name);
    return typeof value === 'number' ? value : null;
  };
  return { lost: figure('lost_events'), drift: figure('drift') };
};

/** The scripts of the build that this bin file is of. */
export const probesOf = (entry: string): string => resolve(dirname(entry), '../../probes');

/** PATH with this bpftrace first: finwait takes the one it finds. */
export const pathWith = (bpftrace: string): string => {
  const dir = scratchDir();
  symlinkSync(bpftrace, join(dir, 'bpftrace'));
  return [dir, process.env.PATH ?? ''].join(delimiter);
};

/**
 * `finwait record`, the cheapest of its consumers: it folds the stream for the ledger, and writes it down.
 *
 * @param entry - finwait's bin file
 * @param suffix - tells this build's rows from another's
 */
export const finwaitTools = (entry: string, program: BpftraceProgram, suffix = ''): readonly Tool[] => {
  const env = { PATH: pathWith(program.path) };
  const file = join(scratchDir(), 'bench.fwr');
  return MODES.map(({ name, minAge }) => ({
    name: `${name}${suffix}`,
    bpftrace: program.version,
    role: 'finwait' as const,
    start: async () => {
      const child = await startChild(process.execPath, [entry, 'record', '--min-age', minAge, '-o', file], {
        env,
        stdout: 'ignore',
      });
      if (!(await child.until(() => child.said().stderr.includes('recording to'), ATTACH_MS))) {
        await child.stop();
        throw new Error(`finwait did not attach: ${child.said().stderr.trim()}`);
      }
      await sleep(SETTLE_MS);
      return {
        pid: child.pid,
        settleMs: FINAL_MS,
        stop: async () => {
          if ((await child.stop()) !== 0) throw new Error(`finwait failed: ${child.said().stderr.trim()}`);
          // The recording repeats the live run, to the byte.
          const replay = await startChild(process.execPath, [entry, 'explain', '--json', file], { env });
          await replay.until(() => replay.hasEnded(), REPLAY_MS);
          await replay.stop();
          return lastLedger(replay.said().stdout);
        },
      };
    },
  }));
};
