// Loaded into a finwait by --import: what it took goes to the file that USAGE_FILE names.
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  // Of this program alone: getrusage also knows the peak of the process that it was forked from.
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const { user, system } = process.cpuUsage();
  const usage = { peakMb: Number(peak?.[1]) / 1024, cpuSeconds: (user + system) / 1e6 };
  writeFileSync(process.env.USAGE_FILE ?? '/dev/null', JSON.stringify(usage));
});
