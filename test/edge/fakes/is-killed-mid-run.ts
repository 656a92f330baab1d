#!/usr/bin/env -S node
import { attach, fake, say, tick, wire } from './fake.ts';

fake(() => {
  attach();
  tick();
  for (const line of wire.death(0xffff888104799bc0n)) say(line);
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 500);
});
