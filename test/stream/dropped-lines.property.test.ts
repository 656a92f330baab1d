import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { readRecording } from '../../src/record/reader.ts';
import { openStream } from '../../src/stream/open-stream.ts';
import type { Meta } from '../../src/wire/meta.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const RECORDINGS = globSync(['test/fixtures/*.fwr', 'docs/*.fwr'], { cwd: root });

/** Even host.fwr, of four plays, has more: each leaves a socket at either end, a listener, and orphans that only count. */
const FEW = 10;

/** The claims of a path; the figures beside it count what was seen, and say so. */
const CLAIMS = [
  'how',
  'closed_in',
  'ended_by',
  'side',
  'waiting_for',
  'closer',
  'closed_at',
  'raddr',
  'rport',
] as const;

const rowsOf = (meta: Meta, lines: readonly string[]): readonly ClosePath[] => {
  const rows: ClosePath[] = [];
  const fold = openStream(meta, {
    onEnd: (sock) => {
      const path = fold.describe(sock);
      if (path !== null) rows.push(path);
    },
    onLedger: () => {},
    onNotice: () => {},
  });
  for (const line of lines) fold.push(line);
  fold.end();
  return [...rows, ...fold.describeRemaining()];
};

/** One life of one socket, whatever generation it is counted as. */
const lifeOf = (path: ClosePath): string =>
  [path.sk, path.cookie, path.netns, path.lport, path.rport, path.closed_at].join(' ');

describe.each(RECORDINGS)('%s with half of its lines dropped', (file) => {
  let meta: Meta;
  const lines: string[] = [];
  let whole: ReadonlyMap<string, ClosePath>;
  beforeAll(async () => {
    await readRecording(`${root}/${file}`, {
      onMeta: (read) => {
        meta = read;
      },
      onLine: (line) => {
        lines.push(line);
        return undefined;
      },
    });
    whole = new Map(rowsOf(meta, lines).map((path) => [lifeOf(path), path]));
  });

  it('is worth the test: whole, it explains more paths with certainty than it leaves in doubt, and more than a few', () => {
    const certain = [...whole.values()].filter((path) => path.certain).length;
    expect(certain).toBeGreaterThan(whole.size / 2);
    expect(certain).toBeGreaterThan(FEW);
  });

  it('asserts nothing as certain that the whole recording contradicts', () => {
    let checked = 0;
    fc.assert(
      fc.property(fc.infiniteStream(fc.boolean()), (coins) => {
        const kept = lines.filter((line) => line.startsWith('H ') || coins.next().value === true);
        for (const path of rowsOf(meta, kept)) {
          if (!path.certain) continue;
          const truth = whole.get(lifeOf(path));
          expect(truth, JSON.stringify(path)).toBeDefined();
          for (const claim of CLAIMS) expect(path[claim], `${claim} of ${lifeOf(path)}`).toEqual(truth?.[claim]);
          checked++;
        }
      }),
      { numRuns: 100 },
    );
    expect(checked).toBeGreaterThan(0);
  });
});
