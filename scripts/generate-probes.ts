// Writes probes/{fentry,kprobe,tracepoint}.bt from probes/parts/. bpftrace 0.17 has neither functions nor
// macros, so what the three scripts share is put into each. `--check` writes nothing and fails if one is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { generateProbe } from './probe-template.ts';

const check = process.argv.includes('--check');
let stale = false;
for (const name of ['fentry', 'kprobe', 'tracepoint', 'fentry-lazy', 'kprobe-lazy', 'tracepoint-lazy']) {
  const path = new URL(`../probes/${name}.bt`, import.meta.url);
  const text = generateProbe(name);
  if (check && readFileSync(path, 'utf8') !== text) {
    stale = true;
    process.stderr.write(`probes/${name}.bt is stale: run 'npm run probes'\n`);
  }
  if (!check) writeFileSync(path, text);
}
if (stale) process.exitCode = 1;
