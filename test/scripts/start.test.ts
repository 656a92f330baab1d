import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const REPO = fileURLToPath(new URL('../..', import.meta.url));
const places: string[] = [];

afterAll(() => {
  for (const place of places) rmSync(place, { recursive: true, force: true });
});

/** A checkout with the scripts of this one and nothing else; `bin` is all that its PATH has beside `tools`. */
const aCheckout = (tools: readonly string[]) => {
  const place = mkdtempSync(join(tmpdir(), 'finwait-start-'));
  places.push(place);
  const [bin, log] = [join(place, 'bin'), join(place, 'log')];
  mkdirSync(bin);
  cpSync(join(REPO, 'scripts'), join(place, 'scripts'), { recursive: true });
  for (const tool of tools) {
    const path = ['/usr/bin', '/bin'].map((dir) => join(dir, tool)).find((each) => existsSync(each));
    if (path !== undefined) symlinkSync(path, join(bin, tool));
  }
  const script = (path: string, body: string): void => {
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
  };
  return {
    place,
    bin,
    /** A program that notes what it was told. */
    noting: (name: string, then = ''): void => script(join(bin, name), `echo "${name} $*" >>'${log}'\n${then}`),
    script,
    noted: (): string => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
  };
};

/** Notes how `npm start -- ARGS` sets up and what it runs, for a user who is not root. */
const start = (...args: readonly string[]): string => {
  const checkout = aCheckout(['sh', 'dirname']);
  checkout.script(join(checkout.place, 'scripts/setup.sh'), `echo "setup $*" >>'${join(checkout.place, 'log')}'`);
  checkout.noting('node');
  checkout.noting('sudo');
  checkout.script(join(checkout.bin, 'id'), 'echo 1000');
  execFileSync('/bin/sh', [join(checkout.place, 'scripts/start.sh'), ...args], {
    env: { PATH: checkout.bin },
    stdio: 'pipe',
  });
  return checkout.noted();
};

describe('npm start', () => {
  test.each([
    ['trace', '-o', 'x.fwr'],
    ['trace', '--record', 'x.fwr', '--json'],
    ['trace', '--record=x.fwr'],
    ['trace', '-ox.fwr'],
    ['trace', '-4o', 'x.fwr'],
    ['explain', '--by', 'cause', '-o', 'x.fwr'],
    ['trace', '--comm', 'x.fwr'],
    ['record', '-o', 'x.fwr'],
    ['-o', 'x.fwr'],
    ['top'],
    ['lab', 'quick'],
    [],
  ])('%j %j %j traces: with sudo, after what tracing needs', (...args) => {
    const words = args.filter((word) => word !== undefined);
    expect(start(...words)).toMatch(/^setup run.*\nsudo \S+\/node dist\/bin\/finwait\.js/);
  });

  test.each([
    ['trace', 'x.fwr'],
    ['trace', 'a recording of another name'],
    ['trace', '-'],
    ['trace', '-T', 'x.fwr'],
    ['trace', '--duration', '3s', 'x.fwr'],
    ['trace', '-o', 'y.fwr', 'x.fwr'],
    ['explain', '--', '-x.fwr'],
    ['explain', '--list'],
    ['lab', '--list'],
    ['replay', 'x.fwr'],
    ['demo'],
    ['doctor'],
    ['--help'],
    ['record', '--help'],
    ['--version'],
  ])('%j %j %j %j traces nothing: no sudo', (...args) => {
    const words = args.filter((word) => word !== undefined);
    expect(start(...words)).toMatch(/^setup build.*\nnode dist\/bin\/finwait\.js/);
  });

  test('knows each option of finwait that has a value', () => {
    const help = ['trace', 'explain'].map((command) =>
      execFileSync(process.execPath, [join(REPO, 'src/bin/finwait.ts'), command, '--help'], { encoding: 'utf8' }),
    );
    const named = new Set(
      [...help.join('\n').matchAll(/^ +(?:-(\w), )?--([\w-]+) </gm)].flatMap(([, short, long]) => [
        ...(short === undefined ? [] : [`-${short}`]),
        `--${long}`,
      ]),
    );
    expect(named.size).toBeGreaterThan(12);
    expect(start('trace', ...[...named].flatMap((name) => [name, 'x.fwr']))).toMatch(/\nsudo /);
    const flags = new Set([...help.join('\n').matchAll(/^ +-(\w), --[\w-]+ {2}/gm)].map(([, letter]) => letter));
    flags.delete('h');
    expect(start('trace', ...[...flags].flatMap((letter) => [`-${letter}o`, 'x.fwr']))).toMatch(/\nsudo /);
    expect(flags.size).toBeGreaterThan(2);
  });
});

const TOOLS = ['sh', 'dirname', 'cmp', 'cp', 'grep', 'find', 'touch', 'mkdir'];

/** Runs `setup.sh run ask` where everything is missing; on a terminal with `typed`, or, if that is null, on none. */
const setUp = (typed: string | null) => {
  const checkout = aCheckout(TOOLS);
  writeFileSync(join(checkout.place, 'package-lock.json'), '{}');
  checkout.noting('npm', 'mkdir -p node_modules dist/bin; : >dist/bin/finwait.js');
  checkout.noting('apt-get');
  checkout.noting('env');
  checkout.script(join(checkout.bin, 'id'), 'echo 0');
  const command = `/bin/sh '${join(checkout.place, 'scripts/setup.sh')}' run ask`;
  const env = { PATH: checkout.bin, SHELL: '/bin/sh', TERM: 'xterm' };
  const run =
    typed === null
      ? spawnSync('/usr/bin/setsid', ['-w', '/bin/sh', '-c', command], { env, encoding: 'utf8', input: '' })
      : spawnSync('/usr/bin/script', ['-qec', command, '/dev/null'], { env, encoding: 'utf8', input: typed });
  return { said: `${run.stdout}${run.stderr}`, status: run.status, noted: checkout.noted() };
};

describe.skipIf(!existsSync('/usr/bin/script') || !existsSync('/usr/bin/setsid'))(
  'setup, when npm start calls it',
  () => {
    test('asks on a terminal before npm packages are installed, and does not install them against a no', () => {
      const { said, status, noted } = setUp('n\n');
      expect(said).toMatch(/install the npm packages .*\? \[Y\/n\]/);
      expect(said).toMatch(/by hand: npm ci/);
      expect(noted).toBe('');
      expect(status).toBe(1);
    });

    test('asks again before packages are installed as root, and goes on without them', () => {
      const { said, status, noted } = setUp('y\nn\n');
      expect(said).toMatch(/install with apt, as root:.* bpftrace.*\? \[Y\/n\]/);
      expect(said).toMatch(/by hand: apt-get install.* bpftrace/);
      expect(noted).toMatch(/^npm ci/);
      expect(noted).not.toMatch(/apt-get/);
      expect(status).toBe(0);
    });

    test('an empty answer is a yes; the end of the terminal is a no', () => {
      expect(setUp('\n\n').noted).toMatch(/^npm ci[\s\S]*apt-get .*update/);
      expect(setUp('\u0004').noted).toBe('');
    });

    test('without a terminal it asks nothing', () => {
      const { said, noted } = setUp(null);
      expect(said).not.toMatch(/\[Y\/n\]/);
      expect(noted).toMatch(/^npm ci[\s\S]*apt-get .*update/);
    });
  },
);
