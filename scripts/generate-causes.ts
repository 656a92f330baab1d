// Writes docs/causes from the causes' own files (src/explain/causes), with what `finwait explain` prints of a recorded
// socket that died so, and the tables of docs/close-path.md.
// `--check` writes nothing and fails if one of them is stale, or is there without a cause.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CAUSES } from '../src/explain/causes/order.ts';
import { readCaptures } from './captures.ts';
import { pageOf, readmeOf, withTables } from './cause-pages.ts';

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));
const CLOSE_PATH = 'close-path.md';

const isCheck = process.argv.includes('--check');
const printer = await readCaptures();
const pages = new Map(CAUSES.map((cause) => [`causes/${cause.name}.md`, pageOf(cause, printer)]));
pages.set('causes/README.md', readmeOf());
pages.set(CLOSE_PATH, withTables(readFileSync(DOCS + CLOSE_PATH, 'utf8')));

const complain = (name: string): void => {
  process.stderr.write(`docs/${name} is stale: run 'npm run captures'\n`);
  process.exitCode = 1;
};

for (const [name, text] of pages) {
  if (existsSync(DOCS + name) && readFileSync(DOCS + name, 'utf8') === text) continue;
  if (isCheck) complain(name);
  else writeFileSync(DOCS + name, text);
}
for (const file of readdirSync(`${DOCS}causes`)) {
  if (pages.has(`causes/${file}`)) continue;
  if (isCheck) complain(`causes/${file}`);
  else rmSync(`${DOCS}causes/${file}`);
}
