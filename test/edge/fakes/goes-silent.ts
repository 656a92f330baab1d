#!/usr/bin/env -S node
import { attach, endOnInterrupt, fake } from './fake.ts';

fake(() => {
  attach();
  endOnInterrupt();
  setInterval(() => undefined, 1000);
});
