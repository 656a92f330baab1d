#!/usr/bin/env -S node
import { writeFileSync } from 'node:fs';
import { attach, endOnInterrupt, fake, give, tick, wire } from './fake.ts';

const FLOOD_MS = 4500;
const DEATHS = 1000;
const LEFT = 500;
const CHUNK = 20_000;

// More than any reader takes, for some seconds: the same line again and again, and among them whole deaths. At the end
// come some that stay orphans; it writes down how many, and ticks.
fake(() => {
  attach();
  endOnInterrupt();
  const until = performance.now() + FLOOD_MS;
  const chunk = `${wire.tick()}\n`.repeat(CHUNK);
  let next = 0xffff888000000000n;
  const deaths = (count: number): readonly (readonly [string, string])[] =>
    Array.from({ length: count }, () => {
      next += 64n;
      return wire.death(next);
    });
  while (performance.now() < until) {
    give(1, `${deaths(DEATHS).flat().join('\n')}\n${wire.tick()}\n`);
    for (let i = 0; i < 10; i++) give(1, chunk);
  }
  give(
    1,
    `${deaths(LEFT)
      .map(([announce]) => announce)
      .join('\n')}\n${wire.tick()}\n`,
  );
  writeFileSync(process.env.FAKE_COUNT ?? '/dev/null', String(LEFT));
  tick();
});
