// Writes what is made of src/wire/schema.ts and probes/parts/: the probe scripts, src/wire/fields.ts and the tables of
// docs/wire-format.md. bpftrace 0.17 has neither functions nor macros, so what the scripts share is put into each.
// `--check` writes nothing and fails if one is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { fieldsModule } from './fields-template.ts';
import { generateProbe } from './probe-template.ts';
import { withTables } from './wire-tables.ts';

const check = process.argv.includes('--check');
const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const make = (path: string, text: string): void => {
  if (!check) writeFileSync(new URL(`../${path}`, import.meta.url), text);
  else if (read(path) !== text) {
    process.exitCode = 1;
    process.stderr.write(`${path} is stale: run 'npm run probes'\n`);
  }
};

for (const name of ['fentry', 'kprobe', 'tracepoint', 'fentry-deferred', 'kprobe-deferred', 'tracepoint-deferred']) {
  make(`probes/${name}.bt`, generateProbe(name));
}
make('src/wire/fields.ts', fieldsModule());
make('docs/wire-format.md', withTables(read('docs/wire-format.md')));
