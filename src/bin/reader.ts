// finwait starts this itself, as root, for a live capture: the one part of it that stays so. See docs/security.md.
import { runReader } from '../capture/reader/reader.ts';
import { parseRequest } from '../capture/reader/reader-protocol.ts';

const request = parseRequest(process.argv[2] ?? '');
if (request === null) {
  process.stderr.write("finwait: this is finwait's own reader; run 'finwait record' instead\n");
  process.exit(2);
}
await runReader(request);
// Its stdin stays open until finwait has read the end of its stdout.
process.exit(0);
