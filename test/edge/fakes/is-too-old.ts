#!/usr/bin/env -S node
import { fake } from './fake.ts';

fake(() => undefined, 'bpftrace v0.9.0');
