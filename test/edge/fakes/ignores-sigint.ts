#!/usr/bin/env -S node
import { attach, fake, tick } from './fake.ts';

fake(() => {
  process.on('SIGINT', () => undefined);
  attach();
  tick();
});
