import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ClosePath, Dying } from '../../src/explain/close-path.ts';
import { readRecording } from '../../src/record/reader.ts';
import { openStream } from '../../src/stream/open-stream.ts';
import type { Meta } from '../../src/wire/meta.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const RECORDINGS = globSync(
  ['test/fixtures/*.fwr', 'test/fixtures/golden/*.fwr', 'test/fixtures/wire/3-*.fwr', 'docs/*.fwr'],
  { cwd: root },
);

/** Lines of the probes, of which bpftrace may drop any. finwait writes the others itself. */
const OF_PROBES = /^[ALSRWVXDCTE] /;
/** A dropped line is reported up to this much later. */
const DELAY_MS = 1200;
const SHARE = 0.01;
const RUNS = 30;

type Told = { readonly ended: readonly ClosePath[]; readonly dying: readonly Dying[] };

const told = (meta: Meta, lines: readonly string[]): Told => {
  const ended: ClosePath[] = [];
  const fold = openStream(meta, {
    onEnd: (sock) => ended.push(fold.describe(sock)),
    onLedger: () => {},
    onNotice: () => {},
  });
  for (const line of lines) fold.push(line);
  return { ended, dying: [...fold.describeDying()] };
};

const timeOf = (line: string): bigint => BigInt(line.split(' ', 2)[1] ?? 0);
const addressOf = (line: string): string => line.split(' ', 3)[2] ?? '';

/**
 * The row without the number of its life, which a lost announcement of another life changes, and without the count of
 * the host's orphans, which is the ledger's.
 */
const rowOf = ({ generation: _, ...row }: ClosePath | Dying) =>
  'deadline_because' in row
    ? { ...row, deadline_because: row.deadline_because.map((text) => text.replace(/\d+ orphans?/, 'orphans')) }
    : row;
/** One life of one socket, whatever generation it is counted as. */
const lifeOf = (row: ClosePath | Dying): string => `${row.sk} ${row.closed_at} ${row.lport} ${row.rport}`;

/** A number in [0, 1) that depends on a seed and a place. */
const chance = (seed: number, place: number): number => {
  let mixed = Math.imul(seed ^ Math.imul(place + 1, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
};

type Dropped = {
  readonly lines: readonly string[];
  /** The number of each dropped line in the recording. */
  readonly missing: ReadonlySet<number>;
};

/**
 * The recording up to `cut` with some lines dropped, and with a report of each some time later.
 *
 * @param until - no line from here on is dropped
 */
const drop = (all: readonly string[], cut: number, seed: number, until = cut): Dropped => {
  const missing = new Set<number>();
  const lines: string[] = [];
  const reports: bigint[] = [];
  const end = timeOf(all[cut - 1] ?? '');
  for (const [i, line] of all.slice(0, cut).entries()) {
    const at = timeOf(line);
    while (i > 0 && (reports[0] ?? at) < at) lines.push(`l ${reports.shift()} 1 bpftrace dropped them`);
    if (!OF_PROBES.test(line) || i >= until || chance(seed, i) >= SHARE) {
      lines.push(line);
      continue;
    }
    missing.add(i);
    const due = at + BigInt(Math.floor(chance(~seed, i) * DELAY_MS * 1e6));
    reports.push(due < end ? due : end);
    reports.sort((a, b) => Number(a - b));
  }
  for (const at of reports) lines.push(`l ${at} 1 bpftrace dropped them`);
  lines.push(tickAfter(end));
  return { lines, missing };
};

/** Time goes on for so long that all lines before have had their turn. */
const tickAfter = (end: bigint): string => `C ${end + 2_500_000_000n}`;

/** For each line its life: an announcement begins one, and a reset after the destroy is of the one before. */
const livesOf = (lines: readonly string[]): readonly (number | null)[] => {
  const current = new Map<string, number>();
  let lives = 0;
  return lines.map((line) => {
    if (!/^[ALSRXD] /.test(line)) return null;
    if (/^[AL] /.test(line)) current.set(addressOf(line), lives++);
    return current.get(addressOf(line)) ?? null;
  });
};

describe.each(RECORDINGS)('%s with one line in a hundred dropped, each reported up to 1.2 s later', (file) => {
  let meta: Meta;
  const lines: string[] = [];
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
  });

  it('no field of a certain row differs from the whole recording, of those that ended and of those that live', () => {
    let certain = 0;
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.2, max: 1, noNaN: true }), (seed, share) => {
        const cut = Math.ceil(lines.length * share);
        const whole = told(meta, wholeTo(cut));
        const some = told(meta, drop(lines, cut, seed).lines);
        for (const kind of ['ended', 'dying'] as const) {
          const truth = new Map(whole[kind].map((row) => [lifeOf(row), rowOf(row)]));
          for (const row of some[kind]) {
            if (!row.certain) continue;
            certain++;
            expect(rowOf(row), `${kind} ${lifeOf(row)}`).toEqual(truth.get(lifeOf(row)));
          }
        }
      }),
      { numRuns: RUNS },
    );
    expect(certain).toBeGreaterThan(0);
  });

  const wholeTo = (cut: number): readonly string[] => [...lines.slice(0, cut), tickAfter(timeOf(lines[cut - 1] ?? ''))];

  it('nine in ten of the rows are certain that are so in the whole recording and of which no line was dropped', () => {
    const lives = livesOf(lines);
    const sure = new Set(
      told(meta, lines)
        .ended.filter(({ certain }) => certain)
        .map(lifeOf),
    );
    const names = namesOf(meta, lines, lives);
    let [untouched, certain] = [0, 0];
    for (let seed = 0; seed < RUNS; seed++) {
      const { lines: kept, missing } = drop(lines, lines.length, seed);
      const touched = new Set([...missing].map((i) => lives[i]));
      const found = new Set(
        told(meta, kept)
          .ended.filter((row) => row.certain)
          .map(lifeOf),
      );
      for (const [life, name] of names) {
        if (touched.has(life) || !sure.has(name)) continue;
        untouched++;
        if (found.has(name)) certain++;
      }
    }
    expect(untouched).toBeGreaterThan(0);
    expect(certain / untouched).toBeGreaterThanOrEqual(0.9);
  });
});

describe('sockets that live on', () => {
  const LIVE_S = 27;
  /** From the last loss: a report comes later, and then each socket has its turn once in 16 s. */
  const LATER_S = 19;

  it('are certain again some time after a loss, those of which no line was dropped', async () => {
    const lines: string[] = [];
    const metas: Meta[] = [];
    await readRecording(`${root}/test/fixtures/living.fwr`, {
      onMeta: (meta) => metas.push(meta),
      onLine: (line) => {
        lines.push(line);
        return undefined;
      },
    });
    const [meta] = metas;
    if (meta === undefined) throw new Error('it has no meta');
    const begun = timeOf(lines.find((line) => /^[AL] /.test(line)) ?? '');
    const indexAt = (seconds: number): number =>
      lines.findIndex((line) => timeOf(line) > begun + BigInt(seconds * 1e9));
    const [until, cut] = [indexAt(LIVE_S - LATER_S), indexAt(LIVE_S)];
    const lives = livesOf(lines);
    const sure = told(meta, lines.slice(0, cut)).dying.filter(({ certain }) => certain);
    expect(sure.length).toBeGreaterThan(2);
    let [untouched, certain, doubtful] = [0, 0, 0];
    for (let seed = 0; seed < RUNS; seed++) {
      const { lines: kept, missing } = drop(lines, cut, seed, until);
      if (missing.size === 0) continue;
      const touched = new Set([...missing].map((i) => lives[i] ?? null));
      const whole = (row: Dying): boolean =>
        lives.every((life, i) => life === null || addressOf(lines[i] ?? '') !== row.sk || !touched.has(life));
      // The last line is a tick, after which no look can come any more.
      const rows = told(meta, kept.slice(0, -1)).dying;
      for (const row of sure.filter((each) => each.sk !== null && whole(each))) {
        untouched++;
        if (rows.some((each) => each.sk === row.sk && each.certain)) certain++;
      }
      doubtful += told(meta, kept.slice(0, Math.min(kept.length, until + missing.size))).dying.filter(
        (row) => !row.certain,
      ).length;
    }
    expect(doubtful).toBeGreaterThan(0);
    expect(untouched).toBeGreaterThan(0);
    expect(certain / untouched).toBeGreaterThanOrEqual(0.9);
  });
});

/** The name of each life's row. */
const namesOf = (
  meta: Meta,
  lines: readonly string[],
  lives: readonly (number | null)[],
): ReadonlyMap<number, string> => {
  const open = new Map<string, number>();
  const names = new Map<number, string>();
  const fold = openStream(meta, {
    onEnd: (sock) => {
      const life = open.get(`${sock.sk} ${sock.generation}`);
      if (life !== undefined) names.set(life, lifeOf(fold.describe(sock)));
    },
    onLedger: () => {},
    onNotice: () => {},
  });
  const generations = new Map<string, number>();
  for (const [i, line] of lines.entries()) {
    if (/^[AL] /.test(line)) {
      const address = addressOf(line);
      const generation = (generations.get(address) ?? 0) + 1;
      generations.set(address, generation);
      open.set(`${address} ${generation}`, lives[i] ?? -1);
    }
    fold.push(line);
  }
  fold.end();
  return names;
};
