#!/usr/bin/env -S node
import { complain, fake } from './fake.ts';

// Its last words come from the test.
fake(() => {
  for (const line of (process.env.FAKE_STDERR ?? '').split('\n')) complain(line);
  process.exitCode = 1;
});
