#!/usr/bin/env -S node
import { attach, complain, fake, say, tick, wire } from './fake.ts';

fake(() => {
  attach();
  tick();
  for (const line of wire.death(0xffff888104799bc0n)) say(line);
  setTimeout(() => {
    complain('ERROR: perf ring buffer lost its page');
    process.exit(3);
  }, 500);
});
