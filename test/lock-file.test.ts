import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

type Locked = {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};
type LockFile = { readonly packages: Readonly<Record<string, Locked>> };

const { packages }: LockFile = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));

/** Node looks in its own node_modules first, then in each one above. */
const isLocked = (from: string, name: string): boolean => {
  for (let dir = from; ; dir = dir.slice(0, Math.max(0, dir.lastIndexOf('/node_modules/')))) {
    if (`${dir === '' ? '' : `${dir}/`}node_modules/${name}` in packages) return true;
    if (dir === '') return false;
  }
};

it('the lock file has every package of every platform: npm ci refuses one that lacks any', () => {
  const missing = Object.entries(packages).flatMap(([path, { dependencies, devDependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
      .filter((name) => !isLocked(path, name))
      .map((name) => `${path === '' ? 'finwait' : path} needs ${name}`),
  );
  expect(missing).toEqual([]);
});
