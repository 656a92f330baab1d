// What orphans from before the capture cost: `node scripts/measure-baseline.ts [ORPHANS [SECONDS]]`, as root, after
// `npm run build`. In a network namespace of its own it makes that many orphans in FIN_WAIT2, starts `finwait top`
// without a terminal, and prints the CPU time of finwait and its ss until the inventory and the first reading are in, and
// from then on per second.
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { processes } from '../bench/usage.ts';

const [orphans = '10000', seconds = '120'] = process.argv.slice(2);
/** Orphans of one port: fewer than there are ephemeral ports. */
const PER_PORT = 20_000;

const WORKER = `
import resource, socket, sys, time
count = ${orphans}
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
kept = []
for start in range(0, count, ${PER_PORT}):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    kept.append(listener)
    for _ in range(min(${PER_PORT}, count - start)):
        with socket.create_connection(listener.getsockname()):
            kept.append(listener.accept()[0])
print("closed", flush=True)
time.sleep(600)
`;
const SETUP = 'ip link set lo up; sysctl -qw net.ipv4.tcp_fin_timeout=900 net.ipv4.ip_local_port_range="1024 65000"';

/** CPU seconds of a process, of its children and of those that have ended, bpftrace left out. */
const cpuOf = (pid: number): number => {
  const all = processes();
  const own = all.get(pid);
  return own === undefined ? 0 : own.cpuSeconds + own.childSeconds;
};

const worker = execa('unshare', ['--net', 'sh', '-c', `${SETUP}; exec python3 -c '${WORKER}'`], {
  reject: false,
  buffer: false,
  stderr: 'inherit',
});
try {
  await new Promise((resolve, reject) => {
    worker.stdout.once('data', resolve);
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
  worker.kill('SIGKILL');
  await worker;
}
