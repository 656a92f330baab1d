import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { REPO } from './run-finwait.ts';

/** What Node has loaded of itself and of packages once the built screen is there, and what that has left changed. */
const PROGRAM = `
  const { registerHooks } = await import('node:module');
  const urls = [];
  registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context); } });
  const { fetch } = globalThis;
  const { loadScreen } = await import(process.argv[1]);
  const { runScreen } = await loadScreen();
  const own = process.moduleLoadList.map((name) => name.replace('NativeModule ', ''));
  console.log(JSON.stringify({ urls, own, screen: typeof runScreen, isFetchThere: globalThis.fetch === fetch }));
`;

test('the screen comes without what Ink brings along and never uses', async () => {
  const args = ['--input-type=module', '-e', PROGRAM, join(REPO, 'dist/screen/load-screen.js')];
  const { stdout } = await execa(process.execPath, args, { env: { NODE_ENV: 'production' } });
  const { urls, own, screen, isFetchThere } = JSON.parse(stdout);
  expect({ screen, isFetchThere }).toEqual({ screen: 'function', isFetchThere: true });
  expect(own).not.toContain('internal/deps/undici/undici');
  expect(own).not.toContain('tls');
  const library = urls.filter((url: string) => url.includes('/es-toolkit/'));
  expect(library.some((url: string) => url.endsWith('/throttle.mjs'))).toBe(true);
  expect(library.length).toBeLessThan(20);
});
