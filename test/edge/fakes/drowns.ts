#!/usr/bin/env -S node
import { writeFileSync } from 'node:fs';
import { attach, endOnInterrupt, fake, give, tick, wire } from './fake.ts';

const FLOOD_MS = 4500;
const DEATHS = 1000;
const CHUNK = 20_000;

// More than any reader takes, for some seconds: the same line again and again, and among them deaths, of which the last
// of each round never ends. It writes down how many do not, and ticks.
fake(() => {
  attach();
  endOnInterrupt();
  const until = performance.now() + FLOOD_MS;
  const chunk = `${wire.tick()}\n`.repeat(CHUNK);
  let rounds = 0;
  while (performance.now() < until) {
    const lines = Array.from({ length: DEATHS }, (_, i) =>
      wire.death(0xffff888000000000n + BigInt(rounds * DEATHS + i) * 64n),
    ).flat();
    rounds++;
    give(1, `${lines.slice(0, -1).join('\n')}\n${wire.tick()}\n`);
    for (let i = 0; i < 10; i++) give(1, chunk);
  }
  writeFileSync(process.env.FAKE_COUNT ?? '/dev/null', String(rounds));
  tick();
});
