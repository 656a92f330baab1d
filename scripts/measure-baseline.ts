// Measures the cost of orphans from before the capture: `node scripts/measure-baseline.ts [ORPHANS [SECONDS]]`, as root. It
// makes that many orphans in FIN_WAIT2 in a network namespace of its own, lists them and reads them again as a live capture
// does, and prints the CPU time of both, that of ss included.
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { processes } from '../bench/usage.ts';
import { createBootClock } from '../src/capture/kernel/boot-clock.ts';
import { putInventory } from '../src/capture/sockets/inventory.ts';
import { startReadings } from '../src/capture/sockets/read-orphans.ts';

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

/** CPU seconds of this process and of the programs that it has run. */
const cpuNow = (): number => {
  const own = processes().get(process.pid);
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
  const clock = createBootClock();
  const before = cpuNow();
  const listed = await putInventory(clock, () => {});
  process.stdout.write(`${listed.length} orphans: the inventory ${(cpuNow() - before).toFixed(2)} s of CPU time\n`);
  const [first, began] = [cpuNow(), performance.now()];
  let lines = 0;
  const readings = startReadings({
    clock,
    put: () => {
      lines++;
    },
    orphans: listed,
  });
  await sleep(Number(seconds) * 1000);
  const spent = cpuNow() - first;
  const share = (100 * spent) / ((performance.now() - began) / 1000);
  readings.stop();
  process.stdout.write(
    `${lines} lines in ${seconds} s: ${((spent / lines) * 1e6).toFixed(0)} us of CPU time for each, ${share.toFixed(1)} % of a core\n`,
  );
} finally {
  // The workers end with their stdin, which ends with this process too.
  worker.stdin.end();
  await worker;
}
