import {
  chmodSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Fault } from '../../src/kernel/fault.ts';
import { findProgram, needProgram, SYSTEM_PATH } from '../../src/programs/find.ts';
import { startProgram } from '../../src/programs/start.ts';
import { distrust } from '../../src/programs/trust.ts';

const isRoot = process.geteuid?.() === 0;
const NOBODY = 65_534;

let place = '';
beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'finwait-programs-')));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(place, { recursive: true });
});

/** A directory, with the mode whatever the umask. */
const directory = (name: string, mode = 0o755): string => {
  const path = join(place, name);
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  return path;
};
const program = (dir: string, name = 'tool', mode = 0o755): string => {
  const path = join(dir, name);
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, mode);
  return path;
};
const searching = (...dirs: readonly string[]): void => void vi.stubEnv('PATH', dirs.join(':'));

/** The fault of looking for `tool`. */
const faultOf = (): Fault => {
  try {
    findProgram('tool');
  } catch (error) {
    if (error instanceof Fault) return error;
  }
  throw new Error('it was found, or was not there');
};

describe('a program', () => {
  test('is the first of its name on PATH; directories of that name, and what may not be run, are none', () => {
    mkdirSync(join(directory('a'), 'tool'));
    program(directory('b'), 'tool', 0o644);
    const path = program(directory('c'));
    program(directory('d'));
    searching(...['a', 'b', 'c', 'd'].map((name) => join(place, name)));
    expect(findProgram('tool')).toBe(path);
  });

  test('that is nowhere is null, and a fault where it is needed', () => {
    searching(directory('a'));
    expect(findProgram('tool')).toBeNull();
    expect(() => needProgram('tool')).toThrow(/tool was not found/);
  });

  test('that anybody may have put there is a fault of exit 3: its path, why, and one command', () => {
    const open = directory('open', 0o777);
    program(open);
    searching(open);
    const fault = faultOf();
    expect(fault).toMatchObject({ exitCode: 3, remedy: `PATH=${SYSTEM_PATH}:$PATH finwait …` });
    expect(fault.message).toContain(`${open}/tool is not run`);
    expect(fault.why).toContain(`${open} is writable by others (mode 0777)`);
  });

  test('is not passed over for the next one on PATH', () => {
    program(directory('open', 0o777));
    program(directory('good'));
    searching(join(place, 'open'), join(place, 'good'));
    expect(faultOf().message).toContain(`${place}/open/tool`);
  });

  test('is not taken of a relative entry, nor of an empty one, which is the working directory', () => {
    const here = process.cwd();
    const dir = directory('a');
    program(dir);
    searching(relative(here, dir));
    expect(faultOf().why).toMatch(/PATH has the relative entry \S*finwait-programs-/);
    process.chdir(dir);
    try {
      vi.stubEnv('PATH', `:${SYSTEM_PATH}`);
      expect(faultOf().why).toMatch(/PATH has an empty entry/);
      vi.stubEnv('PATH', '.');
      expect(faultOf().why).toMatch(/PATH has the relative entry \./);
    } finally {
      process.chdir(here);
    }
  });

  test('is found although there is a relative entry without it', () => {
    const path = program(directory('a'));
    searching('.', '', 'nowhere', dirname(path));
    expect(findProgram('tool')).toBe(path);
  });
});

describe('nobody else can change', () => {
  test("the system's own shell", () => {
    expect(distrust('/bin/sh')).toBeNull();
  });

  test('what is in a folder of its own under /tmp', () => {
    expect(distrust(program(directory('a/b', 0o700)))).toBeNull();
  });

  test('what a link of our own leads to', () => {
    program(directory('a'));
    symlinkSync('../a/tool', join(directory('b'), 'tool'));
    symlinkSync(join(place, 'b'), join(place, 'c'));
    expect(distrust(join(place, 'c/tool'))).toBeNull();
  });
});

describe('somebody else can change', () => {
  const ways: readonly (readonly [string, () => string, RegExp])[] = [
    ['a file that its group can write', () => program(directory('a'), 'tool', 0o775), /a\/tool is writable.*0775/],
    ['a folder that anybody can write', () => program(directory('a', 0o777)), /a is writable.*0777/],
    [
      'a folder far above it',
      () => {
        const file = program(directory('a/b/c'));
        chmodSync(join(place, 'a'), 0o777);
        return file;
      },
      /a is writable/,
    ],
    ['a sticky folder that holds the file itself', () => program(directory('a', 0o1777)), /a is writable.*1777/],
    [
      'what a link leads to',
      () => {
        const file = program(directory('open', 0o777));
        symlinkSync(file, join(directory('b'), 'tool'));
        return join(place, 'b/tool');
      },
      /open is writable/,
    ],
    [
      'the folder that a link stands in',
      () => {
        const file = program(directory('a'));
        symlinkSync(file, join(directory('open', 0o777), 'tool'));
        return join(place, 'open/tool');
      },
      /open is writable/,
    ],
    [
      'a folder on the way back from another one',
      () => {
        program(directory('a'));
        directory('open/in');
        chmodSync(join(place, 'open'), 0o777);
        // `join` would take the way back out.
        return `${place}/open/in/../../a/tool`;
      },
      /open is writable/,
    ],
    [
      'links in a circle',
      () => {
        symlinkSync('tool', join(directory('a'), 'tool'));
        return join(place, 'a/tool');
      },
      /more than 40 symbolic links/,
    ],
  ];
  test.each(ways)('%s', (_what, make, why) => {
    expect(distrust(make())).toMatch(why);
  });

  test.runIf(isRoot)('a file, a folder or a link of another user', () => {
    const file = program(directory('a'));
    const link = join(directory('sticky', 0o1777), 'link');
    symlinkSync(file, link);
    expect(distrust(link)).toBeNull();
    lchownSync(link, NOBODY, NOBODY);
    expect(distrust(link)).toMatch(/link is owned by user 65534/);
    lchownSync(file, NOBODY, NOBODY);
    expect(distrust(file)).toMatch(/a\/tool is owned by user 65534/);
    lchownSync(file, 0, 0);
    lchownSync(join(place, 'a'), NOBODY, NOBODY);
    expect(distrust(file)).toMatch(/a is owned by user 65534/);
    // The user who runs finwait may own what it runs.
    expect(distrust(file, [0, NOBODY])).toBeNull();
  });
});

test('a program gets / and the variables that finwait gives it, and none of the caller', async () => {
  for (const name of ['LD_LIBRARY_PATH', 'TMPDIR', 'BPFTRACE_BTF', 'LC_ALL', 'HOME', 'PYTHONPATH'])
    vi.stubEnv(name, '/x');
  const { stdout } = await startProgram('/bin/sh', ['-c', 'cat /proc/$$/environ; readlink /proc/$$/cwd'], {
    env: { MORE: '1' },
  });
  const [cwd, ...variables] = stdout.split('\0').reverse();
  expect(cwd).toBe('/');
  expect(variables.toSorted()).toEqual(['MORE=1', `PATH=${SYSTEM_PATH}`]);
});
