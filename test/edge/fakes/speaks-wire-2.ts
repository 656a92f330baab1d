#!/usr/bin/env -S node
import { endOnInterrupt, fake, say, tick, wire } from './fake.ts';

fake(() => {
  say(wire.hello(2));
  tick();
  endOnInterrupt();
});
