#!/usr/bin/env -S node
import { writeFileSync } from 'node:fs';
import { attach, endOnInterrupt, fake, give, tick, wire } from './fake.ts';

const BATCH = 250;

// It prints as many deaths as the reader takes in two seconds, at least 100,000. Then it writes down how many, and
// ticks.
fake(() => {
  attach();
  endOnInterrupt();
  const until = performance.now() + 2000;
  let sent = 0;
  let ticked = performance.now();
  while (performance.now() < until || sent < 100_000) {
    let text = '';
    for (let i = 0; i < BATCH; i++) {
      const [announce, destroy] = wire.death(0xffff888000000000n + BigInt((sent + i) % 65_536) * 64n);
      text += `${announce}\n${destroy}\n`;
    }
    if (performance.now() - ticked > 100) {
      text += `${wire.tick()}\n`;
      ticked = performance.now();
    }
    give(1, text);
    sent += BATCH;
  }
  writeFileSync(process.env.FAKE_COUNT ?? '/dev/null', String(sent));
  tick();
});
