import { execFileSync, spawnSync } from 'node:child_process';
import { execa } from 'execa';
import type { ClosePath } from '../../../src/explain/close-path.ts';
import type { Trace } from '../../../test/e2e/finwait.ts';
import type { Lossy } from '../verdict.ts';

export const CONNECTIONS = 40;
const PATIENCE_MS = 90_000;
const ENDS_MS = 30_000;
/** Both ends of each connection send, read to the end and close: the client first. */
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

/** Gives the port of the listener. */
export const runClients = async (): Promise<number> => {
  const { stdout } = await execa('python3', ['-c', CLIENTS], { stdin: 'ignore', timeout: PATIENCE_MS });
  return Number(stdout);
};

/** Connections over a wire that delays and loses: every death has its row, and what was sent again is counted. */
export const playLossy = (trace: Trace): Promise<Lossy> =>
  withNetem(async () => {
    const lost = trace.ledger().lost_events;
    const port = await runClients();
    const isOurs = (path: ClosePath): boolean => path.rport === port || (path.lport === port && path.rport !== 0);
    const expected = 2 * CONNECTIONS;
    await trace
      .until(
        'a row for each end, but for those that were lost',
        () => trace.paths(isOurs).length + trace.ledger().lost_events - lost >= expected,
        ENDS_MS,
      )
      .catch(() => undefined);
    const paths = trace.paths(isOurs);
    return {
      expected,
      paths: paths.length,
      retransmits: paths.reduce((sum, path) => sum + path.retransmits, 0),
    };
  });
