// Puts into each page of docs/causes/ what `finwait explain` prints of a recorded socket that died so.
// `--check` writes nothing and fails if a page is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { PAGES, pageNames, readCaptures, withCaptures } from './captures.ts';

const isCheck = process.argv.includes('--check');
const printer = await readCaptures();
for (const name of pageNames()) {
  const page = readFileSync(PAGES + name, 'utf8');
  const current = withCaptures(page, printer);
  if (current === page) continue;
  if (isCheck) {
    process.stderr.write(`docs/causes/${name} is stale: run 'node scripts/capture-causes.ts'\n`);
    process.exitCode = 1;
  } else {
    writeFileSync(PAGES + name, current);
  }
}
