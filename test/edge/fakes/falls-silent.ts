#!/usr/bin/env -S node
import { attach, endOnInterrupt, fake, tick } from './fake.ts';

// A bpftrace that speaks for two seconds, is silent for six, and speaks again.
fake(() => {
  attach();
  endOnInterrupt();
  const first = tick();
  setTimeout(() => clearInterval(first), 2000);
  setTimeout(tick, 8000);
});
