import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, matchesGlob, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, expect, it } from 'vitest';
import { onRealKernel } from './requirements.ts';

const REPO = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = readFileSync(join(REPO, 'docs/security.md'), 'utf8');

/** The patterns of a row of the page's table: `| runs | ... |`, each in backticks. */
const patternsOf = (row: string): readonly string[] => {
  const line = PAGE.split('\n').find((text) => text.startsWith(`| ${row} |`)) ?? '';
  return [...line.matchAll(/`([^`]+)`/g)].map(([, pattern = '']) => pattern);
};

const CHANGES =
  'creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,symlink,symlinkat,link,linkat,chmod,fchmodat,chown,lchown,fchownat,truncate';

type Touched = { readonly call: string; readonly path: string; readonly isWrite: boolean };

/** Calls that succeeded and name a file; a path of a process is `/proc/PID`. */
const touchedIn = (log: string): readonly Touched[] =>
  log.split('\n').flatMap((line) => {
    const call = /^\d+ +(\w+)\(/.exec(line)?.[1];
    const path = /"([^"]*)"/.exec(line)?.[1];
    if (call === undefined || path === undefined || / = -1 /.test(line)) return [];
    const isWrite = !/^(?:open|openat|openat2|execve)$/.test(call) || /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(line);
    return [{ call, path: normalize(path).replace(/^\/proc\/\d+/, '/proc/PID'), isWrite }];
  });

onRealKernel(
  'the files and programs that a capture touches',
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'finwait-e2e-'));
    afterAll(() => rmSync(dir, { recursive: true }));

    it('are those of docs/security.md, and no other', async () => {
      const log = join(dir, 'strace');
      const watched = ['-f', '-qq', '-s', '400', '-o', log, '-e', `trace=open,openat,openat2,execve,${CHANGES}`];
      const finwait = [process.execPath, join(REPO, 'dist/bin/finwait.js'), 'record', '-o', join(dir, 'x.fwr')];
      await execa('strace', [...watched, ...finwait, '--duration', '1s'], { timeout: 150_000 });
      const touched = touchedIn(readFileSync(log, 'utf8'));
      const own = [realpathSync(REPO), realpathSync(process.execPath)];
      const strange = (which: (each: Touched) => boolean, row: string): readonly string[] => {
        const patterns = patternsOf(row);
        expect(patterns.length, row).toBeGreaterThan(0);
        const paths = touched.filter(which).map(({ path }) => path);
        expect(paths.length, row).toBeGreaterThan(0);
        return [...new Set(paths)].filter(
          (path) =>
            !own.some((mine) => path.startsWith(mine)) &&
            path !== process.execPath &&
            !patterns.some((pattern) => path === pattern || matchesGlob(path, pattern)),
        );
      };
      expect({
        runs: strange(({ call }) => call === 'execve', 'runs'),
        writes: strange(({ call, isWrite }) => call !== 'execve' && isWrite, 'writes'),
        reads: strange(({ call, isWrite }) => call !== 'execve' && !isWrite, 'reads'),
      }).toEqual({ runs: [], writes: [], reads: [] });
    });
  },
  'strace',
);
