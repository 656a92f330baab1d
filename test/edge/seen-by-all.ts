import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'vitest';
import { needs, withMounts } from './machine.ts';
import { REPO, type Setting, scratch } from './run-finwait.ts';

/**
 * For a finwait that root starts and that is to be another user. It runs in a namespace that shows the checkout and
 * node at places which every user can reach. They may lie in root's home.
 */
export const seenByAll = (context: TestContext): Required<Pick<Setting, 'seenAt' | 'within'>> => {
  needs(context, 'root', 'mounts');
  const place = scratch();
  const seenAt = { repo: join(place, 'repo'), node: join(place, 'node') };
  for (const dir of Object.values(seenAt)) mkdirSync(dir);
  const show = `mount --bind '${REPO}' '${seenAt.repo}'; mount --bind '${dirname(process.execPath)}' '${seenAt.node}'`;
  return { seenAt, within: withMounts(show) };
};
