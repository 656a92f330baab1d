#!/usr/bin/env -S node
import { writeFileSync } from 'node:fs';
import { attach, endOnInterrupt, fake, give, tick, wire } from './fake.ts';

const FLOOD_MS = 4500;
const DEATHS = 1000;
const LEFT = 500;

// More than the screen takes, for some seconds: the same sockets close and die again and again. That is more work for
// the fold of their lives than for the reader. At the end come some that stay orphans; it writes down how many, and
// ticks.
fake(() => {
  attach();
  endOnInterrupt();
  const until = performance.now() + FLOOD_MS;
  const deaths = (count: number): readonly (readonly [string, string])[] =>
    Array.from({ length: count }, (_, i) => wire.death(0xffff888000000000n + BigInt(i) * 64n));
  while (performance.now() < until) give(1, `${deaths(DEATHS).flat().join('\n')}\n${wire.tick()}\n`);
  give(
    1,
    `${deaths(LEFT)
      .map(([announce]) => announce)
      .join('\n')}\n${wire.tick()}\n`,
  );
  writeFileSync(process.env.FAKE_COUNT ?? '/dev/null', String(LEFT));
  tick();
});
