#!/usr/bin/env -S node
import { attach, bootNow, endOnInterrupt, fake, say, tick, wire } from './fake.ts';

// The wall clock is set back by an hour right after the handshake: to this machine's clock, which no test sets. A socket
// dies before that, as its line says, and others after it.
fake(() => {
  attach(3_600_000);
  tick();
  endOnInterrupt();
  for (const line of wire.death(0xffff888000000000n)) say(line);
  setInterval(() => {
    for (const line of wire.death(0xffff888000000000n + (bootNow() & 0xffff_ffffn) * 64n)) say(line);
  }, 50);
});
