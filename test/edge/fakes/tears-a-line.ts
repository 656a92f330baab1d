#!/usr/bin/env -S node
import { attach, fake, give, say, wire } from './fake.ts';

fake(() => {
  attach();
  const [announce, destroy] = wire.death(0xffff888104799bc0n);
  say(announce);
  say(destroy);
  give(1, wire.death(0xffff88810a779380n)[0].slice(0, 100));
  process.exitCode = 1;
});
