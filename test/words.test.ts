import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Names that scripts and recordings know: they stay whatever word is used for the idea. */
const PUBLIC_NAMES = /late_events|event_late|deadline_if_late_at|older_than_capture/g;

/** Words that an idea has lost to another one, as they stand in the code: alone, or inside a name. */
const RETIRED = {
  late: /\b[lL]ate(ness|ly)?\b|\bLATE|_LATE\b|[a-z]Late(?![a-z])|\blate[A-Z]/,
  lazy: /\blazy|Lazy|LAZY/,
  older: /\bolder than (the capture|finwait)|\bolder orphan|\bOlder\b(?! ones)|createOlder|\bOLDER|_OLDER/,
  parked: /\b[pP]ark(s|ed|ing)?\b|[a-z]Park(s|ed)?|\b[pP]arked[A-Z]/,
  alike: /\bAlike\b|alike\.ts/,
  arena: /\b[aA]renas?\b|[a-z]Arena/,
  wake: /\b(awake|woken?)\b|\.wake\(|\bwake:|AWAKE/,
  glimpse: /[gG]limpse/,
  unseen: /[uU]nseen|UNSEEN/,
  heir: /\bheirs?\b|\bheir[A-Z]|\bHeir|[a-z]Heir/,
} as const;

/** Places at which such a word has its ordinary meaning. */
const ALLOWED: readonly {
  readonly word: string;
  readonly file: string;
  readonly text: string;
  readonly why: string;
}[] = [
  { word: 'late', file: 'src/lab/ways_peer.py', text: "b'late'", why: 'bytes that a peer sends after the close' },
  { word: 'late', file: 'src/lab/ways_peer.py', text: 'it comes too late', why: 'an ACK' },
  { word: 'late', file: 'src/lab/ways_limits.py', text: "b'late'", why: 'bytes that a peer sends after the close' },
  { word: 'late', file: 'src/explain/causes/time-wait.ts', text: 'late segments', why: "TCP's word for them" },
  { word: 'late', file: 'docs/causes/time_wait.md', text: 'late segments', why: "TCP's word for them" },
  { word: 'late', file: 'src/screen/text.ts', text: ' late $', why: 'the label of late_events' },
  { word: 'late', file: 'src/screen/header/status-lines.ts', text: 'safe`late`', why: 'the label of late_events' },
  { word: 'late', file: 'src/screen/keys/help-lines.ts', text: "'lost, late'", why: 'the label of late_events' },
  { word: 'late', file: 'docs/top.md', text: '`late`', why: 'the label of late_events' },
  { word: 'late', file: 'README.md', text: '0 late', why: 'the label of late_events' },
  { word: 'late', file: 'src/screen/frame/model.ts', text: 'a late start', why: 'finwait began after the close' },
  { word: 'late', file: 'src/screen/keys/help-lines.ts', text: 'a late start', why: 'finwait began after the close' },
  { word: 'late', file: 'docs/json.md', text: 'a late start', why: 'finwait began after the close' },
  { word: 'late', file: 'src/capture/checks.ts', text: 'comes too late', why: 'a tracepoint that fires after close()' },
  { word: 'late', file: 'scripts/kernels/guest/lossy.ts', text: 'is late', why: 'an ACK' },
  { word: 'late', file: 'docs/measurements.md', text: 'seconds too late', why: 'an announcement after its age' },
];

const files = ['src/**/*', 'probes/**/*', 'scripts/**/*', 'bench/**/*', 'docs/**/*', 'README.md']
  .flatMap((pattern) => globSync(pattern, { cwd: ROOT, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`.slice(ROOT.length))
  .sort();
const NAMES = Object.entries(RETIRED);

/** Each retired word that a text uses, with the line that uses it. */
const usesIn = (file: string, text: string): readonly { word: string; file: string; line: string }[] =>
  text.split('\n').flatMap((line) => {
    const plain = line.replace(PUBLIC_NAMES, '');
    return NAMES.filter(([, pattern]) => pattern.test(plain)).map(([word]) => ({ word, file, line: line.trim() }));
  });

const uses = files.flatMap((file) => [...usesIn(file, file), ...usesIn(file, readFileSync(ROOT + file, 'utf8'))]);
const isFor = (use: (typeof uses)[number], allowed: (typeof ALLOWED)[number]): boolean =>
  allowed.word === use.word && allowed.file === use.file && use.line.includes(allowed.text);

describe('the words of CONTRIBUTING.md', () => {
  test('the retired ones stand nowhere else than where they mean something else', () => {
    expect(uses.filter((use) => !ALLOWED.some((allowed) => isFor(use, allowed)))).toEqual([]);
  });

  test('each exception is still in use', () => {
    expect(ALLOWED.filter((allowed) => !uses.some((use) => isFor(use, allowed)))).toEqual([]);
  });

  test('the table and this test know the same retired words', () => {
    const rows =
      readFileSync(`${ROOT}CONTRIBUTING.md`, 'utf8')
        .split('## Words')[1]
        ?.matchAll(/^\|.*\| ([^|]+) \|$/gm) ?? [];
    const listed = [...rows].flatMap(([, words = '']) => words.split(', ')).filter((word) => word !== 'not');
    expect([...new Set(listed)].sort()).toEqual(Object.keys(RETIRED).sort());
  });

  test.each([
    ['isLate', 'late'],
    ['LATE_MS', 'late'],
    ['announces it late', 'late'],
    ['tracepoint-lazy.bt', 'lazy'],
    ['createOlder', 'older'],
    ['orphans older than the capture', 'older'],
    ['ParkedId', 'parked'],
    ['heirOf', 'heir'],
  ])('%s is found', (text, word) => {
    expect(usesIn('a.ts', text)).toMatchObject([{ word }]);
  });

  test.each([
    'related',
    'latest',
    'translate',
    'later',
    'their',
    'folders',
    'older recordings',
    'late_events',
    'sparks',
  ])('%s is none of them', (text) => {
    expect(usesIn('a.ts', text)).toEqual([]);
  });
});
