#!/usr/bin/env -S node
import { attach, endOnInterrupt, fake, say, tick, wire } from './fake.ts';

// A bpftrace that is well: deaths all the time, of sockets with hardly compressible addresses, until interrupted.
fake(() => {
  attach();
  tick();
  endOnInterrupt();
  setInterval(() => {
    for (let i = 0; i < 100; i++) {
      const sk = 0xffff888000000000n + BigInt(Math.floor(Math.random() * 2 ** 36)) * 64n;
      for (const line of wire.death(sk)) say(line);
    }
  }, 10);
});
