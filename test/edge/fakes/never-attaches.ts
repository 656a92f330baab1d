#!/usr/bin/env -S node
import { fake } from './fake.ts';

fake(() => {
  setInterval(() => undefined, 1000);
});
