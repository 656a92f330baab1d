#!/usr/bin/env -S node
import { attach, endOnInterrupt, fake, give, say, tick, wire } from './fake.ts';

// Lines that look like the wire's and are not: a wrong field, none, too long a number, bytes that are no text.
const GARBAGE = ['S 1 zz 4 5', 'A', 'D ', 'D 99999999999999999999999 ffff 0 0 0', 'C \xff\xfe\x00\x1b[2J', 'X 1 2 3'];

fake(() => {
  attach();
  endOnInterrupt();
  for (const line of GARBAGE) give(1, `${line}\n`);
  give(1, `S ${'f'.repeat(100_000)}\n`);
  for (const line of wire.death(0xffff888104799bc0n)) say(line);
  tick();
});
