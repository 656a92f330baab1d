// Bundles the built screen's components, Ink and React into one file, dist/screen/screen.js. Node loads it sooner than
// their 500 modules. finwait's other modules stay files of their own, since the rest of finwait shares them.
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));
const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const screen = join(DIST, 'screen/screen.js');

/** Modules that have no component: a `.ts` file in src, not a `.tsx`. */
const ownModules: Plugin = {
  name: 'own modules',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
      const file = join(resolveDir, path);
      const source = join(SRC, relative(DIST, file)).replace(/\.js$/, '.ts');
      return file.startsWith(DIST) && existsSync(source)
        ? { path: relative(join(screen, '..'), file).replace(/^(?!\.)/, './'), external: true }
        : null;
    });
  },
};

await build({
  entryPoints: [screen],
  outfile: screen,
  allowOverwrite: true,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  minifySyntax: true,
  plugins: [ownModules],
  // Ink loads this only on request, and it needs a package that is not here.
  external: ['./devtools.js'],
  define: {
    'process.env.NODE_ENV': '"production"',
    // Yoga reads its own code by fetch('data:…') where there is a fetch, for which Node loads HTTP, TLS and OpenSSL.
    fetch: 'undefined',
  },
  // Packages in CommonJS load Node's own modules by `require`.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
});
