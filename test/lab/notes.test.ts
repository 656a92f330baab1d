import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, type TestContext, test, vi } from 'vitest';

const WORKER = fileURLToPath(new URL('../../src/lab/worker.py', import.meta.url));
const UNSHARE = 'unshare';
const NOTES = '/run/finwait-lab';
const FINWAIT = `import('${new URL('../../src/lab/killed.ts', import.meta.url)}').then(async (m) => console.log(await m.undoKilledLab()))`;

// Each starts Python, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

/** In namespaces of its own: a /run and a network that are nobody else's. */
const inside = (script: string) =>
  spawnSync(
    UNSHARE,
    ['--mount', '--net', '--propagation=private', 'sh', '-ec', `mount -t tmpfs -o mode=755 none /run\n${script}`],
    {
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, WORKER, NODE: process.execPath, DIR: dir, FINWAIT },
    },
  );

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'finwait-notes-'));
  chmodSync(dir, 0o755);
});
afterEach(() => rmSync(dir, { recursive: true }));

const needsMounts = (context: TestContext): void => {
  const able =
    process.getuid?.() === 0 &&
    spawnSync(UNSHARE, ['--mount', '--net', 'true']).status === 0 &&
    spawnSync('python3', ['-c', 'import ctypes']).status === 0;
  if (able) return;
  const reason = 'not root, no namespaces, or no python3';
  process.stderr.write(`skipped: ${context.task.name}: ${reason}\n`);
  context.skip(reason);
};

const CLEAN = 'python3 -B -E -s "$WORKER" --clean';
const note = (content: unknown): string => {
  writeFileSync(join(dir, 'note'), typeof content === 'string' ? content : JSON.stringify(content));
  return `mkdir -m 700 ${NOTES}; cp "$DIR/note" ${NOTES}/run-4194999`;
};

describe('a note that root finds', () => {
  test('changes no file but the sysctls of the lab', (context) => {
    needsMounts(context);
    const target = join(dir, 'target');
    writeFileSync(target, 'as it was');
    const change = { was: 'changed', set: 'as it was' };
    const paths = [target, `/proc/sys/net/ipv4/../../../..${target}`, `/proc/sys/net/ipv4//../../../..${target}`];
    const run = inside(`${note({ sysctls: Object.fromEntries(paths.map((path) => [path, change])) })}\n${CLEAN}`);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(target, 'utf8')).toBe('as it was');
  });

  test('changes no other sysctl', (context) => {
    needsMounts(context);
    const sysctls = { '/proc/sys/net/ipv4/ip_forward': { was: '1', set: '0' } };
    const run = inside(`${note({ sysctls })}\n${CLEAN}\ncat /proc/sys/net/ipv4/ip_forward`);
    expect(run).toMatchObject({ status: 0, stdout: '0\n', stderr: '' });
  });

  test('is removed, and harms nobody, where it is none', (context) => {
    needsMounts(context);
    const contents = [
      'nonsense',
      '[]',
      '['.repeat(100_000),
      JSON.stringify({ sysctls: [1], namespaces: { a: 1 } }),
      JSON.stringify({ sysctls: { '/proc/sys/net/ipv4/tcp_mem': 7 }, namespaces: [7, null] }),
      JSON.stringify({ sysctls: { '/proc/sys/net/ipv4/tcp_mem': { was: '1 1 x', set: '1 1 1' } } }),
    ];
    contents.forEach((content, i) => {
      writeFileSync(join(dir, `run-${i}`), content);
    });
    const run = inside(`mkdir -m 700 ${NOTES}; cp "$DIR"/run-* ${NOTES}\n${CLEAN}\ntest ! -e ${NOTES}`);
    expect(run).toMatchObject({ status: 0, stderr: '' });
  });

  test("removes no namespace but the lab's own", (context) => {
    needsMounts(context);
    const namespaces = ['finwait-lab-1-near', 'finwait-lab', 'finwait-lab-x', 'other', 'finwait-lab-1-near/../other'];
    const run = inside(
      `mkdir /run/netns; touch /run/netns/other /run/netns/finwait-lab-x /run/netns/finwait-lab-1-near
       ${note({ namespaces })}\n${CLEAN}\nls /run/netns`,
    );
    expect(run.stdout).toBe('finwait-lab-x\nother\n');
  });

  test("is removed unread where it is a link, a FIFO, or another user's", (context) => {
    needsMounts(context);
    writeFileSync(join(dir, 'note'), JSON.stringify({ namespaces: ['finwait-lab-1-near'] }));
    const run = inside(
      `mkdir -m 777 ${NOTES} /run/netns; touch /run/netns/finwait-lab-1-near
       ln -s "$DIR/note" ${NOTES}/run-1; mkfifo ${NOTES}/run-2; cp "$DIR/note" ${NOTES}/run-3; chown 65534 ${NOTES}/run-3
       timeout 20 ${CLEAN}
       ls /run/netns; test ! -e ${NOTES}; test -e "$DIR/note"`,
    );
    expect(run).toMatchObject({ status: 0, stdout: 'finwait-lab-1-near\n', stderr: '' });
  });

  test('stays where its sysctl cannot be restored from here', (context) => {
    needsMounts(context);
    const sysctls = { '/proc/sys/net/ipv4/tcp_max_orphans': { was: '7', set: '0' } };
    const run = inside(
      `${note({ sysctls })}\ntest ! -e /proc/sys/net/ipv4/tcp_max_orphans\n${CLEAN}\ncat ${NOTES}/run-4194999`,
    );
    expect(JSON.parse(run.stdout)).toEqual({ sysctls });
  });
});

describe('the folder of the notes', () => {
  test("is root's alone, whatever the umask", (context) => {
    needsMounts(context);
    const run = inside(
      `cd "$(dirname "$WORKER")"
       python3 -B -c 'import os, stage
for mask in (0, 0o22, 0o777):
    os.umask(mask)
    fd = stage.claim("run-1")
    for path in ("", "/run-1"): print(oct(os.stat("${NOTES}" + path).st_mode & 0o7777))
    stage.release("run-1", fd)'`,
    );
    expect(run.stdout).toBe('0o700\n0o600\n'.repeat(3));
  });

  test('is closed to others where an older finwait made it', (context) => {
    needsMounts(context);
    const run = inside(`mkdir -m 777 ${NOTES}; touch ${NOTES}/other; ${CLEAN}; stat -c %a ${NOTES}`);
    expect(run.stdout).toBe('700\n');
  });

  test.for([
    [
      'a symbolic link',
      `mkdir /run/theirs; cp "$DIR/note" /run/theirs/run-1; ln -s theirs ${NOTES}`,
      /is a symbolic link/,
    ],
    [
      "another user's",
      `mkdir ${NOTES}; cp "$DIR/note" ${NOTES}/run-1; chown 65534 ${NOTES}`,
      /belongs to another user \(uid 65534\)/,
    ],
  ] as const)('is refused where it is %s: the lab says so, and so does any command', ([, make, what], context) => {
    needsMounts(context);
    writeFileSync(join(dir, 'note'), JSON.stringify({ namespaces: ['finwait-lab-1-near'] }));
    const begin = `mkdir /run/netns; touch /run/netns/finwait-lab-1-near; ${make}`;
    const clean = inside(`${begin}\n${CLEAN}`);
    expect(clean.status).toBe(1);
    expect(clean.stderr).toMatch(what);
    expect(clean.stderr).not.toMatch(/Traceback/);
    const lab = inside(
      `${begin}\necho '{"family":"ipv4","jobs":[{"scenario":"active_close","seconds":1}],"at_once":1,"hold":false}' |
       python3 -B -E -s "$WORKER" | cat`,
    );
    expect(lab.stdout).toMatch(/"lab_fault"/);
    expect(lab.stdout).toMatch(what);
    const any = inside(`${begin}\n"$NODE" -e "$FINWAIT"\nls /run/netns`);
    expect(any.stdout).toMatch(what);
    expect(any.stdout).toMatch(/finwait-lab-1-near\n$/);
  });
});

describe('the start of any command', () => {
  const start = '"$NODE" -e "$FINWAIT"';

  test('undoes what a killed lab left, and says so', (context) => {
    needsMounts(context);
    const run = inside(
      `mkdir /run/netns; touch /run/netns/finwait-lab-1-near
       ${note({ namespaces: ['finwait-lab-1-near'] })}\n${start}\nls /run/netns; test ! -e ${NOTES}`,
    );
    expect(run).toMatchObject({
      status: 0,
      stdout: 'a lab had been killed together with its worker: what it left is undone\n',
    });
  });

  test('does nothing, and starts nothing, where there is no note, or the lab of one lives', (context) => {
    needsMounts(context);
    const run = inside(
      `PATH=/nonexistent ${start}
       mkdir -m 700 ${NOTES}; touch ${NOTES}/host
       PATH=/nonexistent ${start}
       sh -c 'sleep 20; : worker.py' > /dev/null 2>&1 & touch ${NOTES}/run-$!
       PATH=/nonexistent ${start}; kill $!`,
    );
    expect(run.stdout).toBe('null\nnull\nnull\n');
  });

  test('leaves it to root', (context) => {
    needsMounts(context);
    const asUser = `setpriv --reuid=65534 --regid=65534 --clear-groups ${start}`;
    const run = inside(`${note({})}\n${asUser}\nls ${NOTES}`);
    expect(run.stdout).toBe('null\nrun-4194999\n');
  });
});
