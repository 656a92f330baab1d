#!/usr/bin/env -S node
import { fake } from './fake.ts';

fake(() => undefined, 'Segmentation fault (core dumped)');
