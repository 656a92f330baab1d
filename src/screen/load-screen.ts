import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import type { runScreen } from './screen.tsx';

/** Ink wants one function of a library, whose entry loads all 350 of its modules. */
const WANTED = "import { throttle } from 'es-toolkit/compat';";
const LIBRARY = 'es-toolkit/compat';
const ALONE = { path: './function/throttle.mjs', has: 'export { throttle' } as const;
/** 800 kB that Node reads for the names in them, of which there are none, and that are not run. */
const UNUSED = '/react-reconciler.development.js';

const has = (url: URL | string, text: string): boolean => {
  try {
    return readFileSync(new URL(url), 'utf8').includes(text);
  } catch {
    return false;
  }
};

/**
 * Loads the screen, and not what Ink brings along and never uses: it starts a tenth of a second sooner and takes some 14
 * MB less. Where Ink or the library is another than the one this was written for, everything is loaded.
 */
export const loadScreen = async (): Promise<{ readonly runScreen: typeof runScreen }> => {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      if (specifier !== LIBRARY || !has(context.parentURL ?? '', WANTED)) return found;
      const alone = new URL(ALONE.path, found.url);
      return has(alone, ALONE.has) ? { ...found, url: alone.href } : found;
    },
    load: (url, context, next) =>
      url.endsWith(UNUSED) && process.env.NODE_ENV === 'production'
        ? { format: 'commonjs', source: '', shortCircuit: true }
        : next(url, context),
  });
  // Yoga reads its own code by fetch('data:…') where there is a fetch, for which Node loads HTTP, TLS and OpenSSL.
  const fetch = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
  Reflect.deleteProperty(globalThis, 'fetch');
  try {
    return await import('./screen.tsx');
  } finally {
    if (fetch !== undefined) Object.defineProperty(globalThis, 'fetch', fetch);
    hooks.deregister();
  }
};
