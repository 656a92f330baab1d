#!/usr/bin/env -S node
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attach, endOnInterrupt, fake, tick } from './fake.ts';

// Keeps what it is given for the test, byte for byte: its stdin, its arguments, its variables. Then it is well.
fake(() => {
  const folder = process.env.FAKE_FOLDER ?? '/nonexistent';
  writeFileSync(join(folder, 'script'), readFileSync(0));
  const variables = Object.entries(process.env).filter(([name]) => name.startsWith('BPFTRACE_'));
  writeFileSync(
    join(folder, 'command.json'),
    JSON.stringify({ args: process.argv.slice(2), env: Object.fromEntries(variables) }),
  );
  attach();
  tick();
  endOnInterrupt();
}, process.env.FAKE_VERSION);
