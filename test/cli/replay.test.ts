import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { replay } from '../../src/cli/top.ts';
import { aMeta } from '../builders/meta.ts';
import { announceLine, helloLine, inventoryEndLine, noticeLine, sec, tickLine } from '../builders/wire-lines.ts';
import { aTerminal } from '../screen/terminal.ts';

const LEAVE = '\x1b[?1049l';
const EVENTS = ['SIGINT', 'SIGTERM', 'uncaughtException'] as const;

const dir = mkdtempSync(join(tmpdir(), 'finwait-replay-'));
const undo: (() => void)[] = [];

/** The process's own stream is this one until the test is over. */
const swap = (name: 'stdin' | 'stdout', stream: object): void => {
  const own = Object.getOwnPropertyDescriptor(process, name);
  if (own === undefined) throw new Error(`the process has no ${name}`);
  Object.defineProperty(process, name, { value: stream, configurable: true });
  undo.push(() => Object.defineProperty(process, name, own));
};

beforeEach(() => {
  for (const name of EVENTS) {
    const before = new Set<unknown>(process.listeners(name));
    undo.push(() => {
      for (const listener of process.listeners(name)) if (!before.has(listener)) process.removeListener(name, listener);
    });
  }
});
afterEach(() => {
  for (const step of undo.splice(0)) step();
  vi.restoreAllMocks();
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
});

test('a terminal that obeys C1 controls is neither given a title nor a clipboard by the names of processes', async () => {
  const names = ['\u009d0;owned\u009c', '\u009d52;c;aGk=\u009c', 'a\u202e\u2066b', '\u001b]0;owned\u0007'];
  const file = join(dir, `${names.join('')}.fwr`.replaceAll('/', ''));
  const lines = [
    JSON.stringify(aMeta({ host: names.join(''), backend: names.join(''), filters: { comm: names.join('') } })),
    helloLine(),
    inventoryEndLine(1),
    ...names.map((comm, index) =>
      announceLine({ sk: `ffff8881000009${index}0`, at: 2 + index, lport: 1000 + index, comm }),
    ),
    noticeLine(sec(1), names.join('')),
    tickLine(sec(1)),
    tickLine(sec(2)),
  ];
  writeFileSync(file, zstdCompressSync(`${lines.join('\n')}\n`));
  const terminal = aTerminal(160, 40);
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  swap('stdout', terminal.stdout);
  swap('stdin', terminal.stdin);

  const ended = replay(file, { speed: Number.POSITIVE_INFINITY });
  await terminal.shows('1-4 of 4');
  terminal.type('\r');
  await terminal.shows('owned');
  terminal.type('\x03');
  expect(await ended).toBe(0);
  expect(terminal.obeyed()).toEqual([]);
  expect(terminal.written()).not.toMatch(/[\u0080-\u009f\u202a-\u202e\u2066-\u2069]/);
  await terminal.print(names.join(''));
  expect(terminal.obeyed()).toEqual(['title owned', 'clipboard c;aGk=', 'title owned']);
});

test('a cut recording is told on the screen, and on stderr not before the screen has gone', async () => {
  const file = join(dir, 'x.fwr');
  const lines = [JSON.stringify(aMeta()), helloLine(), inventoryEndLine(1), tickLine(sec(1)), tickLine(sec(2))];
  writeFileSync(file, zstdCompressSync(`${lines.join('\n')}\n`));
  const terminal = aTerminal(80, 24);
  const told: string[] = [];
  let hasLeft = false;
  const write = terminal.stdout.write.bind(terminal.stdout);
  Object.assign(terminal.stdout, {
    write: (text: string, done?: () => void) => {
      hasLeft ||= text.includes(LEAVE);
      return write(text, done);
    },
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told.push(`${hasLeft ? 'after' : 'over'} the screen: ${text}`);
    return true;
  });
  swap('stdout', terminal.stdout);
  swap('stdin', terminal.stdin);

  const ended = replay(file, { speed: Number.POSITIVE_INFINITY });
  const word = 'the recording is cut off after 3 lines; shown is what there is';
  await terminal.shows(`! ${word}`);
  terminal.type('q');
  expect(await ended).toBe(0);
  expect(told).toEqual([`after the screen: finwait: ${word}\n`]);
});

test('a dumb terminal gets text: no escape sequence, and no screen that waits for a key', async () => {
  const file = join(dir, 'x.fwr');
  const lines = [JSON.stringify(aMeta()), helloLine(), inventoryEndLine(1), tickLine(sec(1)), tickLine(sec(2))];
  writeFileSync(file, zstdCompressSync(`${lines.join('\n')}\n`));
  const terminal = aTerminal(80, 24);
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  vi.stubEnv('TERM', 'dumb');
  undo.push(() => vi.unstubAllEnvs());
  swap('stdout', terminal.stdout);
  swap('stdin', terminal.stdin);

  expect(await replay(file, { speed: Number.POSITIVE_INFINITY })).toBe(0);
  expect(terminal.written()).not.toContain('\x1b');
});
