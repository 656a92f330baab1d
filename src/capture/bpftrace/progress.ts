import { encodeLine } from '../../wire/encode.ts';
import { letterOf } from '../../wire/layout.ts';

const ASKED = letterOf('asked');
const TICK = letterOf('tick');
/** The line of the map `@until`: time of the newest line of a CPU. */
const UNTIL = /^@until\[(\d{1,5})\]: (\d{1,20})$/;

export type ProgressReader = {
  /** Takes every line of the probes. @returns true for one that is no line of the wire: it goes no further */
  readonly take: (line: string) => boolean;
};

/**
 * Makes a `U` line of what the probes say of their CPUs ten times a second: `Q` when they ask, then the map, as bpftrace
 * reads it some time later, then the tick. A `U` line has the CPUs whose time is new.
 *
 * A lost `Q` does no harm: what is said then counts for the question before.
 *
 * @param put - takes the wire's line, before the tick
 */
export const createProgress = (put: (line: string) => void): ProgressReader => {
  let asked: bigint | null = null;
  const answers = new Map<string, bigint>();
  const known = new Map<string, bigint>();

  const tell = (): void => {
    if (asked === null || answers.size === 0) return;
    const words: string[] = [];
    for (const [cpu, until] of answers) {
      if (known.get(cpu) === until) continue;
      known.set(cpu, until);
      words.push((Number(cpu) + 1).toString(16), until.toString(16));
    }
    answers.clear();
    put(encodeLine('progress', { at: asked, cpus: words.join(' ') }).trimEnd());
  };

  return {
    take: (line) => {
      switch (line.charCodeAt(0)) {
        case ASKED: {
          const at = /^Q (\d{1,20})$/.exec(line)?.[1];
          if (at === undefined) return false;
          answers.clear();
          asked = BigInt(at);
          return true;
        }
        case TICK:
          tell();
          return false;
        default: {
          if (!line.startsWith('@until[')) return false;
          const [, cpu, until] = UNTIL.exec(line) ?? [];
          if (cpu === undefined || until === undefined) return false;
          answers.set(cpu, BigInt(until));
          return true;
        }
      }
    },
  };
};
