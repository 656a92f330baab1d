#!/usr/bin/env -S node
import { WIRE_VERSION } from '../../../src/wire/schema.ts';
import { endOnInterrupt, fake, say, tick, wire } from './fake.ts';

fake(() => {
  say(wire.hello(WIRE_VERSION + 1));
  tick();
  endOnInterrupt();
});
