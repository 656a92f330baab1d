import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { commentSentences, pageSentences } from './sentences.ts';

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

const filesOf = (...patterns: readonly string[]): readonly string[] =>
  patterns
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(ROOT.length))
    .sort();
const files = filesOf('src/**/*', 'probes/**/*', 'scripts/**/*', 'bench/**/*', 'docs/**/*', 'README.md');
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

/** Folders whose comments are plain sentences; the scripts in probes/ are made of probes/parts. */
const COMMENTED = ['src', 'probes/parts', 'scripts', 'bench', 'test', '.ci'];
const CODE = /\.(?:tsx?|mjs|bt|c|py|sh)$|\.ci\/run$|guest\/init$/;
const PAGES = ['docs/**/*.md', 'bench/README.md', 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];

/** Beginnings of a sentence that has no subject and verb of its own, or has them last. Questions are none. */
const HEADLESS = [
  /^(?:What|Who|Whom|Whose|Of|Whether|How|Why)\b(?!.*\?$)/,
  // A main clause comes after a comma. Without one there is none.
  /^(?:Where|When|Which|As|Since)\b[^,?]*$/,
  /^The same(?:$|[.,:;]| (?:for|as|in|of|from|over|while|to|with|without)\b)/,
];
/** Pages have cells of a few words, and words that are explained: there only these beginnings are sure to be wrong. */
const HEADLESS_ON_PAGES = /^[*_("]*(?:What|Who|Whom|Whose|Of|Whether)\b(?!.*\?$)/;

const headless = (file: string, text: string): readonly string[] =>
  (file.endsWith('.md') ? pageSentences(text) : commentSentences(file, text))
    .filter(({ text: sentence }) =>
      file.endsWith('.md') ? HEADLESS_ON_PAGES.test(sentence) : HEADLESS.some((pattern) => pattern.test(sentence)),
    )
    .map(({ line, text: sentence }) => `${file}:${line}: ${sentence}`);

describe('sentences say who does what', () => {
  test.each(COMMENTED)('in the comments of %s', (folder) => {
    const read = filesOf(`${folder}/**/*`, `${folder}/**/.*`).filter((file) => CODE.test(file));
    expect(read.length).toBeGreaterThan(0);
    expect(read.flatMap((file) => headless(file, readFileSync(ROOT + file, 'utf8')))).toEqual([]);
  });

  test('on the pages', () => {
    expect(filesOf(...PAGES).flatMap((file) => headless(file, readFileSync(ROOT + file, 'utf8')))).toEqual([]);
  });

  test.each([
    ['a.ts', '/** What a guest left. */', 1],
    ['a.ts', 'const a = 1;\n/**\n * Reads it. Of a line that is cut,\n * nothing.\n */', 3],
    ['a.ts', 'f(); // who calls it', 1],
    ['a.ts', '// Where a word stands.', 1],
    ['a.ts', '/** The same of microseconds. */', 1],
    ['a.bt', '//@if filter\n//  x\n//    // How it stands.', 3],
    ['a.py', 'def f():\n    """\n    Whose it is.\n    """', 3],
    ['a.sh', 'f\n# Who is not root may not.', 2],
    ['a.md', '# A\n\nIt is so. What it\nprints is kept.', 3],
    ['a.md', '- **Of two things** one.', 1],
    ['a.md', '| a | It is so. Who did it is not known. |', 1],
  ])('%s: %j is found on line %i', (file, text, line) => {
    expect(headless(file, text)).toEqual([expect.stringMatching(`^${file}:${line}: `)]);
  });

  test.each([
    ['a.ts', '/** Who closed it? */'],
    ['a.ts', '// When a map is full, the socket is announced.'],
    ['a.ts', '/** The same events give the same calls. */'],
    ['a.ts', "const text = 'https://example.net // what';"],
    ['a.ts', '/** Says what it lacks. @param a - of a host. @returns when it is done */'],
    ['a.py', 'x = 1  # the holder'],
    ['a.md', '## What it costs'],
    ['a.md', '```\nWhat\n```'],
    ['a.md', '| what | of |'],
  ])('%s: %j is none of them', (file, text) => {
    expect(headless(file, text)).toEqual([]);
  });
});
