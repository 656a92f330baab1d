import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import type { OddRetries } from '../deadlines.ts';

/** A connection over loopback whose peer falls silent. The kernel is to reap the end that closes first. */
const CLOSE = `
import socket, subprocess, sys, time
s = socket.create_server(('127.0.0.1', 0)); at = s.getsockname()
c = socket.create_connection(at); a, _ = s.accept()
print(c.getsockname()[1], at[1], flush=True)
sys.stdin.readline()
subprocess.run(['nft', 'add table inet odd; add chain inet odd in { type filter hook input priority 0; }; '
    f'add rule inet odd in tcp dport {at[1]} drop'], check=True)
c.send(bytes(100)); c.close()
print('closed', flush=True)
sys.stdin.read()
`;
const GONE_MS = 130_000;

type Ground = OddRetries & { readonly name: string; readonly worker: ChildProcess };

const nextLine = (worker: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    worker.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    worker.once('exit', (code) => reject(new Error(`a closer ended with ${code}`)));
  });

/** Sockets with unusual tcp_orphan_retries, a namespace each. */
export type Odd = {
  /** Closes them all and waits until the kernel has reaped the ones that it reaps within two minutes. */
  readonly play: () => Promise<void>;
  /** Ends the ones that live for ever, once nobody traces them. Writes the facts for the host's check of deadlines. */
  readonly end: (file: string) => void;
};

/**
 * Makes the namespaces and connections. Call it before finwait starts: then it knows their sysctls from the beginning.
 *
 * @param isLong adds the ones that take a hundred seconds
 */
export const prepareOdd = async (isLong: boolean): Promise<Odd> => {
  const grounds: Ground[] = [];
  const wanted = [
    ...[1, 2, 3, 6, 255, ...(isLong ? [8] : [])].map((retries) => ({ retries, rtoMaxMs: null })),
    ...(existsSync('/proc/sys/net/ipv4/tcp_rto_max_ms') ? [{ retries: 0, rtoMaxMs: 1000 }] : []),
  ];
  for (const { retries, rtoMaxMs } of wanted) {
    const name = `odd-${retries}`;
    const inside = (...args: readonly string[]) => execFileSync('ip', ['netns', 'exec', name, ...args]);
    execFileSync('ip', ['netns', 'add', name]);
    execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    inside('sysctl', '-qw', `net.ipv4.tcp_orphan_retries=${retries}`);
    if (rtoMaxMs !== null) inside('sysctl', '-qw', `net.ipv4.tcp_rto_max_ms=${rtoMaxMs}`);
    const worker = spawn('ip', ['netns', 'exec', name, 'python3', '-c', CLOSE], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [lport = 0, rport = 0] = (await nextLine(worker)).split(' ').map(Number);
    grounds.push({ name, worker, retries, rtoMaxMs, netns: statSync(`/run/netns/${name}`).ino, lport, rport });
  }
  const isThere = ({ name, lport }: Ground): boolean =>
    execFileSync('ip', ['netns', 'exec', name, 'ss', '-Htn', 'state', 'fin-wait-1', 'sport', '=', `:${lport}`], {
      encoding: 'utf8',
    }) !== '';
  return {
    play: async () => {
      for (const { worker } of grounds) {
        worker.stdin?.write('\n');
        await nextLine(worker);
      }
      const end = performance.now() + GONE_MS;
      const mortal = grounds.filter(({ retries }) => retries !== 255);
      while (mortal.some(isThere) && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    },
    end: (file) => {
      for (const { name, worker } of grounds) {
        worker.kill('SIGKILL');
        execFileSync('ip', ['netns', 'exec', name, 'ss', '-HKtn', 'state', 'all']);
      }
      const odd: OddRetries[] = grounds.map(({ name, worker, ...rest }) => rest);
      writeFileSync(file, JSON.stringify(odd));
    },
  };
};
