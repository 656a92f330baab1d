import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import split2 from 'split2';
import { parseCounters } from '../../../test/e2e/netns.ts';
import type { Kills } from '../kills.ts';

const NETNS = 'kills';
const COUNT = 60;
const PAUSE_S = 0.03;
/** A tracer reads the limits once a second. */
const SEEN_MS = 1500;
const LIMIT = '/proc/sys/net/ipv4/tcp_max_orphans';
/**
 * Connections whose FINs are dropped: an ACK inside close() would spare them. Four others are orphans in FIN_WAIT2
 * before (TCP_LINGER2 100): the kernel compares their number with the limit.
 */
const CLOSER = `
import socket, subprocess, sys, time
s = socket.create_server(('127.0.0.1', 8080), backlog=128); at = s.getsockname()
pairs = [(socket.create_connection(at), s.accept()[0]) for _ in range(${COUNT})]
for _ in range(4):
    c = socket.create_connection(at); pairs.append((None, s.accept()[0]))
    c.setsockopt(socket.IPPROTO_TCP, 8, 100); c.close()
subprocess.run(['nft', 'add table inet kills; add chain inet kills in { type filter hook input priority 0; }; '
    f'add rule inet kills in tcp dport {at[1]} drop'], check=True)
print(at[1], flush=True)
sys.stdin.readline()
for c, _ in pairs[:${COUNT}]:
    c.close(); time.sleep(${PAUSE_S})
print('closed', flush=True)
sys.stdin.readline()
`;

const abortedIn = (netns: string): number =>
  parseCounters(execFileSync('ip', ['netns', 'exec', netns, 'cat', '/proc/net/netstat'], { encoding: 'utf8' })).get(
    'TcpExtTCPAbortOnMemory',
  ) ?? 0;

type Killed = {
  readonly facts: Kills;
  /** Ends the other ends and their process, once nobody traces them any more: they would be deaths of other kinds. */
  readonly end: () => void;
};

/** Lets the kernel kill orphans inside close(), many a second, at tcp_max_orphans. Restores the limit of this guest. */
export const killAtLimit = async (): Promise<Killed> => {
  execFileSync('ip', ['netns', 'add', NETNS]);
  execFileSync('ip', ['-n', NETNS, 'link', 'set', 'lo', 'up']);
  const worker = spawn('ip', ['netns', 'exec', NETNS, 'python3', '-c', CLOSER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = worker.stdout.pipe(split2())[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the closer of killed orphans ended');
    return String(value);
  };
  const before = readFileSync(LIMIT, 'utf8');
  try {
    const port = Number(await nextLine());
    const aborted = abortedIn(NETNS);
    writeFileSync(LIMIT, '0');
    await sleep(SEEN_MS);
    worker.stdin.write('\n');
    await nextLine();
    return {
      facts: { port, pid: worker.pid ?? 0, closed: COUNT, killed: abortedIn(NETNS) - aborted },
      end: () => {
        worker.kill('SIGKILL');
        execFileSync('ip', ['netns', 'exec', NETNS, 'ss', '-HKtn', 'state', 'all']);
      },
    };
  } finally {
    writeFileSync(LIMIT, before);
  }
};
