import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { REPO } from './run-finwait.ts';

/** Prints the modules of Node and of packages that are loaded once the built screen is there. */
const PROGRAM = `
  const { registerHooks } = await import('node:module');
  const urls = [];
  registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context); } });
  const { runScreen } = await import(process.argv[1]);
  const own = process.moduleLoadList.map((name) => name.replace('NativeModule ', ''));
  console.log(JSON.stringify({ urls, own, screen: typeof runScreen }));
`;

test('the built screen is one file with its packages, without what Ink brings along and never uses', async () => {
  const args = ['--input-type=module', '-e', PROGRAM, join(REPO, 'dist/screen/screen.js')];
  const { stdout } = await execa(process.execPath, args, { env: { NODE_ENV: 'production' } });
  const { urls, own, screen } = JSON.parse(stdout);
  expect(screen).toBe('function');
  expect(own).not.toContain('internal/deps/undici/undici');
  expect(own).not.toContain('tls');
  expect(urls.filter((url: string) => /\/node_modules\/(?:ink|react|es-toolkit|yoga-layout)/.test(url))).toEqual([]);
  // Modules that the rest of finwait has loaded are not loaded again.
  expect(urls.some((url: string) => url.endsWith('/dist/screen/terminal.js'))).toBe(true);
});
