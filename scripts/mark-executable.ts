// tsc writes no mode bits; the bin file needs one.
import { chmodSync } from 'node:fs';

chmodSync(new URL('../dist/bin/finwait.js', import.meta.url), 0o755);
