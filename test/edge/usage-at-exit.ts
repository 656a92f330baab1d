// Loaded into a finwait by --import: its use of the machine goes to the file that USAGE_FILE names.
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  // This is the peak of this program alone: getrusage also knows that of the process that it was forked from.
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const { user, system } = process.cpuUsage();
  const usage = { peakMb: Number(peak?.[1]) / 1024, cpuSeconds: (user + system) / 1e6 };
  writeFileSync(process.env.USAGE_FILE ?? '/dev/null', JSON.stringify(usage));
});
