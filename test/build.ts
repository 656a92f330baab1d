import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
let isBuilt = false;

/** Builds dist/ once, before the tests that run the program itself. */
export const setup = (): void => {
  if (isBuilt) return;
  isBuilt = true;
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
};
