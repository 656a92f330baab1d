#!/usr/bin/env -S node
import { attach, complain, fake, say, tick, wire } from './fake.ts';

fake(() => {
  attach();
  tick();
  for (const line of wire.death(0xffff888104799bc0n)) say(line);
  // Neither is the reason for its end.
  complain('stdin:12:1-5: WARNING: Addrspace is not set');
  if (process.env['FAKE_STDERR'] !== undefined) complain(process.env['FAKE_STDERR']);
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 500);
});
