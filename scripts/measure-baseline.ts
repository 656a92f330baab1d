// Measures the cost of orphans from before the capture: `node scripts/measure-baseline.ts [ORPHANS [SECONDS]]`, as root, after
// `npm run build`. In a network namespace of its own it makes that many orphans in FIN_WAIT2, starts `finwait top`
// without a terminal, and prints the CPU time of finwait and its ss until the inventory and the first reading are in, and
// from then on per second.
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { processes } from '../bench/usage.ts';

const [orphans = '10000', seconds = '120'] = process.argv.slice(2);
/** Orphans of one worker and port: fewer than a process may have files, and than there are ephemeral ports. */
const MOST = 15_000;

const WORKER = `
import socket, sys
count = int(sys.argv[1])
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(64)
kept = []
for _ in range(count):
    with socket.create_connection(listener.getsockname()):
        kept.append(listener.accept()[0])
print("closed", flush=True)
sys.stdin.read()
`;
const counts = Array.from({ length: Math.ceil(Number(orphans) / MOST) }, (_, i) =>
  Math.min(MOST, Number(orphans) - i * MOST),
);
const SETUP = [
  'ip link set lo up',
  'sysctl -qw net.ipv4.tcp_fin_timeout=3600 net.ipv4.ip_local_port_range="1024 65000"',
  `ulimit -n ${MOST + 100}`,
].join('; ');
const WORKERS = counts.map((count) => `python3 -c '${WORKER}' ${count} <&3 &`).join('\n');

/** CPU seconds of a process, of its children and of those that have ended, bpftrace left out. */
const cpuOf = (pid: number): number => {
  const all = processes();
  const own = all.get(pid);
  return own === undefined ? 0 : own.cpuSeconds + own.childSeconds;
};

const worker = execa('unshare', ['--net', 'sh', '-c', `${SETUP}; exec 3<&0; ${WORKERS}\nwait`], {
  reject: false,
  buffer: false,
  stderr: 'inherit',
});
try {
  await new Promise<void>((resolve, reject) => {
    let closed = 0;
    worker.stdout.on('data', (text: Buffer) => {
      closed += text.toString().split('closed').length - 1;
      if (closed === counts.length) resolve();
    });
    void worker.then(() => reject(new Error('the worker ended: too few files, ports or orphans are allowed')));
  });
  const finwait = execa(process.execPath, ['dist/bin/finwait.js', 'top'], { reject: false, buffer: false });
  const pid = finwait.pid ?? 0;
  let isKnown = false;
  finwait.stdout.on('data', (text: Buffer) => {
    // Held memory is unknown, or a lower bound, until all were read.
    if (/held [0-9]/.test(text.toString())) isKnown = true;
  });
  while (!isKnown) await sleep(50);
  const first = cpuOf(pid);
  process.stdout.write(`${orphans} orphans: attach, inventory and first reading ${first.toFixed(1)} s of CPU time\n`);
  const began = performance.now();
  await sleep(Number(seconds) * 1000);
  const share = (cpuOf(pid) - first) / ((performance.now() - began) / 1000);
  process.stdout.write(`${orphans} orphans: from then on ${(100 * share).toFixed(1)} % of a core\n`);
  finwait.kill('SIGINT');
  await finwait;
} finally {
  // The workers end with their stdin, which ends with this process too.
  worker.stdin.end();
  await worker;
}
