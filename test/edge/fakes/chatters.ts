#!/usr/bin/env -S node
import { attach, complain, endOnInterrupt, fake, say, tick } from './fake.ts';

// Says, while tracing, what the test gave it for either stream.
fake(() => {
  attach();
  tick();
  endOnInterrupt();
  const { FAKE_STDOUT, FAKE_STDERR } = process.env;
  if (FAKE_STDOUT !== undefined) say(FAKE_STDOUT);
  if (FAKE_STDERR !== undefined) complain(FAKE_STDERR);
});
