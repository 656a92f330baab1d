import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import { readRecording } from '../../../src/record/reader.ts';
import { type OpenStream, openStream } from '../../../src/stream/open-stream.ts';
import type { Meta } from '../../../src/wire/meta.ts';
import { WIRE_VERSION } from '../../../src/wire/schema.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/wire', import.meta.url));
const VERSIONS = Array.from({ length: WIRE_VERSION }, (_, i) => i + 1);

type Replay = { readonly meta: Meta; readonly rows: readonly object[]; readonly malformed: number };

/** A close path without its sentences: those may be put better. */
const factsOf = ({ because: _because, advice: _advice, ...facts }: ClosePath): object => facts;

const replay = async (path: string): Promise<Replay> => {
  const rows: object[] = [];
  let meta: Meta | undefined;
  let fold: OpenStream | undefined;
  await readRecording(path, {
    onMeta: (found) => {
      meta = found;
      const made = openStream(found, {
        onEnd: (sock) => rows.push(...[made.describe(sock)].filter((row) => row !== null).map(factsOf)),
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
  if (meta === undefined || fold === undefined) throw new Error(`${path} has no meta`);
  fold.end();
  rows.push(...[...fold.describeRemaining()].map(factsOf));
  return { meta, rows, malformed: fold.tracker.counters().malformed };
};

describe.each(VERSIONS)('recordings of wire version %d', (version) => {
  test.each(['deferred', 'every'])('open for ever and give the rows they gave: announcements %s', async (which) => {
    const path = `${FOLDER}/${version}-${which}.fwr`;
    expect(existsSync(path), `${path}: see test/fixtures/README.md`).toBe(true);
    const rowsFile = path.replace(/fwr$/, 'json');
    const { meta, rows, malformed } = await replay(path);
    expect(meta.wire).toBe(version);
    expect(malformed).toBe(0);
    // A new version's rows are written once; an old version's never again.
    if (process.env['UPDATE_WIRE'] === String(version)) writeFileSync(rowsFile, `${JSON.stringify(rows, null, 1)}\n`);
    const golden: readonly object[] = JSON.parse(readFileSync(rowsFile, 'utf8'));
    expect(golden.length).toBeGreaterThan(2);
    // A row may have got fields since. None is gone, and none says anything else.
    expect(rows).toMatchObject(golden);
  });
});
