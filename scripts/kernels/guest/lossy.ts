import { execFileSync, spawnSync } from 'node:child_process';
import { execa } from 'execa';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import type { Trace } from '../../../test/e2e/finwait.ts';
import type { Lossy } from '../verdict.ts';

export const CONNECTIONS = 40;
const PATIENCE_MS = 90_000;
const ENDS_MS = 15_000;
/** Both ends of each connection send, read to the end and close. The client closes first. */
const CLIENTS = `
import socket, threading
s = socket.create_server(('127.0.0.1', 0), backlog=64)
def serve():
    while True:
        c, _ = s.accept()
        threading.Thread(target=answer, args=(c,)).start()
def answer(c):
    c.sendall(bytes(1000))
    while c.recv(4096): pass
    c.close()
def dial(n):
    for _ in range(n):
        c = socket.create_connection(s.getsockname())
        c.sendall(bytes(1000))
        got = 0
        while got < 1000: got += len(c.recv(4096))
        c.close()
threading.Thread(target=serve, daemon=True).start()
threads = [threading.Thread(target=dial, args=(${CONNECTIONS / 8},)) for _ in range(8)]
for t in threads: t.start()
for t in threads: t.join()
print(s.getsockname()[1])
`;

/** Runs an act while lo delays by 10 ms and loses 4 %. @throws Error where the kernel has no netem */
export const withNetem = async <T>(act: () => Promise<T>): Promise<T> => {
  const netem = spawnSync('tc', ['qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '10ms', 'loss', '4%'], {
    encoding: 'utf8',
  });
  if (netem.status !== 0) throw new Error(`no netem: ${netem.stderr.trim()}`);
  try {
    return await act();
  } finally {
    execFileSync('tc', ['qdisc', 'del', 'dev', 'lo', 'root']);
  }
};

/** Runs the clients to their end. @returns the port of the listener */
export const runClients = async (): Promise<number> => {
  const { stdout } = await execa('python3', ['-c', CLIENTS], { stdin: 'ignore', timeout: PATIENCE_MS });
  return Number(stdout);
};

/** Tries in all. Too few rows with no loss counted prove nothing where a loss may be silent. */
const TRIES = 3;

/** The last result, and for each repetition a line with its reason. */
export type Lossies = { readonly lossy: Lossy; readonly again: readonly string[] };

/** Connections over a wire that delays and loses: every death must have its row, and retransmissions are counted. */
export const playLossy = async (trace: Trace, isCounted: boolean): Promise<Lossies> => {
  const again: string[] = [];
  for (let tries = 1; ; tries++) {
    const lossy = await withNetem(() => playOnce(trace));
    const isFew = lossy.paths + lossy.lost < lossy.expected;
    if (!isFew || isCounted || tries === TRIES) return { lossy, again };
    again.push(`netem: not all that the kernel skips is counted, and ${lossy.paths} rows of ${lossy.expected} ends`);
  }
};

/**
 * Counts the ends of connections. Two CPUs may each make a child for one handshake: one from the ACK, the other from
 * the data behind it. The child that is late is destroyed at once, and its row is right.
 * @see Linux net/ipv4/tcp_minisocks.c, tcp_check_req
 */
const endsOf = (paths: readonly ClosePath[]): number =>
  new Set(paths.map(({ lport, rport }) => `${lport} ${rport}`)).size;

const playOnce = async (trace: Trace): Promise<Lossy> => {
  const before = trace.ledger().lost_events;
  const port = await runClients();
  const isOurs = (path: ClosePath): boolean => path.rport === port || (path.lport === port && path.rport !== 0);
  const expected = 2 * CONNECTIONS;
  const lost = (): number => trace.ledger().lost_events - before;
  await trace
    .until(
      'a row for each end, but for those that were lost',
      () => endsOf(trace.paths(isOurs)) + lost() >= expected,
      ENDS_MS,
    )
    .catch(() => undefined);
  const paths = trace.paths(isOurs);
  return {
    expected,
    paths: endsOf(paths),
    lost: lost(),
    retransmits: paths.reduce((sum, path) => sum + path.retransmits, 0),
  };
};
