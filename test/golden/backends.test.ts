import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { judgeLab, type LabRun } from '../../scripts/kernels/judge.ts';
import { BACKENDS, type Backend } from '../../scripts/kernels/kernels.ts';
import { alike, type Verdict } from '../../scripts/kernels/verdict.ts';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { readRecording } from '../../src/record/reader.ts';
import { type OpenStream, openStream } from '../../src/stream/open-stream.ts';

/** One workload, the whole lab, recorded in each backend by `npm run test:kernels -- --kernel 6.12 --golden`. */
const GOLDEN = fileURLToPath(new URL('../fixtures/golden', import.meta.url));

type Replay = { readonly scenarios: Verdict['scenarios']; readonly fold: OpenStream; readonly backend: string };

const replay = async (backend: Backend): Promise<Replay> => {
  const paths: ClosePath[] = [];
  let fold: OpenStream | undefined;
  let recorded = 'none';
  await readRecording(`${GOLDEN}/${backend}.fwr`, {
    onMeta: (meta) => {
      recorded = meta.backend;
      const made: OpenStream = openStream(meta, {
        onEnd: (sock) => paths.push(...[made.describe(sock)].filter((path) => path !== null)),
        onLedger: () => {},
        onNotice: () => {},
      });
      fold = made;
    },
    onLine: (line) => {
      fold?.push(line);
      return undefined;
    },
  });
  if (fold === undefined) throw new Error(`${backend}.fwr has no meta`);
  fold.end();
  const labs: readonly LabRun[] = JSON.parse(readFileSync(`${GOLDEN}/${backend}.json`, 'utf8'));
  return {
    scenarios: Object.assign({}, ...labs.map((lab) => judgeLab(lab, paths, recorded))),
    fold,
    backend: recorded,
  };
};

describe('a recording of the lab, in each backend', () => {
  const replays = new Map<Backend, Replay>();
  const of = (backend: Backend): Replay => {
    const found = replays.get(backend);
    if (found === undefined) throw new Error(`${backend} was not replayed`);
    return found;
  };
  beforeAll(async () => {
    for (const backend of BACKENDS) replays.set(backend, await replay(backend));
  });

  it.each(BACKENDS)('%s: every scenario is told as the table of endings has it', (backend) => {
    const { scenarios, backend: recorded } = of(backend);
    expect(recorded).toBe(backend);
    // A way to die that the lab has learnt since is in the next recording.
    expect(Object.keys(scenarios).length).toBeGreaterThan(60);
    const wrong = Object.entries(scenarios).filter(([, { state }]) => state === 'wrong');
    expect(wrong).toEqual([]);
  });

  it.each(BACKENDS)('%s: the ledger is even at the end, and the stream is whole', (backend) => {
    const { fold } = of(backend);
    const { orphans, kernelOrphans } = fold.tracker.ledger();
    expect(orphans).toBe(kernelOrphans);
    expect(fold.tracker.counters().malformed).toBe(0);
    expect(fold.isComplete()).toBe(true);
  });

  it('the three name every scenario alike', () => {
    for (const name of Object.keys(of('fentry').scenarios)) {
      const told = BACKENDS.map((backend) => of(backend).scenarios[name]?.named ?? null).map((named) =>
        named === null ? null : alike(name, named),
      );
      expect(new Set(told).size, `${name}: ${told.join('; ')}`).toBe(1);
    }
  });
});
