import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zstdCompressSync } from 'node:zlib';
import { Terminal } from '@xterm/headless';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { aCloseWait, aHostFacts } from '../builders/host-facts.ts';
import { aMeta } from '../builders/meta.ts';
import {
  announceLine,
  byeLine,
  destroyLine,
  helloLine,
  hostFactsLine,
  inventoryEndLine,
  kernelLogLine,
  ms,
  noticeLine,
  sec,
  setStateLine,
} from '../builders/wire-lines.ts';

/** A title, the clipboard, and text that runs backwards: in 15 bytes each, as a process may call itself. */
const TITLE = '\u009d0;owned\u009c';
const CLIPBOARD = '\u009d52;c;aGk=\u009c';
const BIDI = 'a\u202e\u2066\u061cb';
const NAMES = [TITLE, CLIPBOARD, BIDI, '\u001b]0;owned\u0007', '\u007f\u0085\u2028\u{e0041}'];
const HOSTILE = NAMES.join('');
const HARMFUL = /(?![ \n])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

/** A terminal's acts beside showing text. It interprets C1 controls in UTF-8, as xterm does. */
const show = async (text: string) => {
  const terminal = new Terminal({ cols: 200, rows: 50, allowProposedApi: true, convertEol: true });
  const did: string[] = [];
  terminal.onTitleChange((title) => did.push(`title ${title}`));
  terminal.parser.registerOscHandler(52, (data) => {
    did.push(`clipboard ${data}`);
    return true;
  });
  await new Promise<void>((done) => terminal.write(text, done));
  terminal.dispose();
  return did;
};

const dir = mkdtempSync(join(tmpdir(), 'finwait-harmless-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** Sockets that died, and one that dies, each closed by a process with such a name; and a host that says such things. */
const record = (): string => {
  const sockets = NAMES.flatMap((comm, index) => {
    const on = { sk: `ffff8881000009${index}0`, lport: 1000 + index };
    const at = ms(10 + index);
    return [
      announceLine({ ...on, at, comm }),
      setStateLine({ ...on, at: at + 1, from: 'ESTABLISHED', to: 'FIN_WAIT1' }),
      ...(index === 0 ? [] : [destroyLine({ ...on, at: at + ms(50) })]),
    ];
  });
  const held = NAMES.map((comm, index) => ({ pid: index + 1, comm })).slice(0, 3);
  const facts = aHostFacts({ notes: [HOSTILE] });
  const lines = [
    JSON.stringify(aMeta({ host: HOSTILE, kernel: HOSTILE, filters: { comm: HOSTILE } })),
    helloLine(),
    inventoryEndLine(1),
    ...sockets,
    hostFactsLine(sec(1), {
      ...facts,
      close_wait: {
        ...facts.close_wait,
        by_holder: facts.close_wait.by_holder.map((group) => ({ ...group, holder: { pid: 42, comm: TITLE } })),
        listed: [aCloseWait({ holders: held })],
      },
    }),
    `${kernelLogLine(sec(1))}${TITLE}${BIDI}`,
    noticeLine(sec(1), TITLE + CLIPBOARD + BIDI),
    byeLine(sec(2)),
    '# end',
  ];
  const path = join(dir, `${TITLE}${BIDI}.fwr`);
  writeFileSync(path, zstdCompressSync(`${lines.join('\n')}\n`));
  return path;
};

const finwait = (...args: readonly string[]) =>
  execa(process.execPath, [fileURLToPath(new URL('../../src/bin/finwait.ts', import.meta.url)), ...args], {
    reject: false,
    stripFinalNewline: false,
    env: { NO_COLOR: '1', NODE_NO_WARNINGS: '1' },
  });

test('the terminal of these tests obeys C1 controls in UTF-8: as they are, they set its title and the clipboard', async () => {
  expect(await show(JSON.stringify(TITLE + CLIPBOARD))).toEqual(['title owned', 'clipboard c;aGk=']);
});

describe('on a terminal that obeys C1 controls, a process of any name does nothing', () => {
  const file = record();

  test.each([
    ['trace --json', ['trace', '--json', file]],
    ['explain --json', ['explain', '--json', file]],
    ['explain --list --json', ['explain', '--list', '--json']],
    ['doctor --json', ['doctor', '--json']],
  ])('to %s, which is printable ASCII and reads back', async (_what, args) => {
    const { stdout, stderr } = await finwait(...args);
    expect(await show(stdout + stderr)).toEqual([]);
    expect(stdout).toMatch(/^[ -~\n]+$/);
    expect(stderr).not.toMatch(HARMFUL);
    const records = stdout
      .trimEnd()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    if (args.includes(file)) {
      expect(records[0]).toMatchObject({ type: 'meta', host: HOSTILE, filters: { comm: HOSTILE } });
      const closers = records.flatMap(({ closer }) =>
        closer instanceof Object && 'comm' in closer ? [closer.comm] : [],
      );
      expect(new Set(closers)).toEqual(new Set(NAMES));
    }
  });

  test.each([
    ['trace', ['trace', file]],
    ['trace -T', ['trace', '-T', file]],
    ['explain', ['explain', file]],
    ['explain by closer', ['explain', '--by', 'closer', file]],
    ['explain --socket', ['explain', '--socket', '10.0.0.1:1000', file]],
    ['the doctor', ['doctor']],
  ])('to %s', async (_what, args) => {
    const { stdout, stderr } = await finwait(...args);
    expect(await show(stdout + stderr)).toEqual([]);
    expect(stdout + stderr).not.toMatch(HARMFUL);
    if (args.includes(file)) expect(stdout + stderr).toContain('owned');
  });
});

describe('on such a terminal a word of the command line does nothing in the message that quotes it', () => {
  test.each([
    ['a file that is not there', ['trace', join(dir, HOSTILE)]],
    ['a command', [HOSTILE]],
    ['an option', ['trace', `--${HOSTILE}`]],
    ['a choice', ['explain', '--by', HOSTILE]],
    ['a duration', ['trace', '--duration', HOSTILE]],
    ['a port', ['trace', '-L', HOSTILE]],
    ['a state', ['trace', '--state', HOSTILE]],
    ['a socket', ['explain', '--socket', HOSTILE]],
    ['a cause', ['explain', '--list', HOSTILE]],
    ['a scenario', ['lab', HOSTILE]],
    ['an argument too many', ['demo', HOSTILE]],
  ])('%s', async (_what, args) => {
    const { stdout, stderr, exitCode } = await finwait(...args);
    expect(exitCode).not.toBe(0);
    expect(stderr).not.toBe('');
    expect(await show(stdout + stderr)).toEqual([]);
    expect(stdout + stderr).not.toMatch(HARMFUL);
  });
});
