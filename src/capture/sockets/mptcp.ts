import type { MptcpState } from '../../kernel/open-socket.ts';
import { stateName } from '../../kernel/tcp-state.ts';
import type { Netns } from './netns.ts';
import type { ProcSock } from './proc-net-tcp.ts';
import { parseSocketInfo, socketKey } from './socket-info.ts';
import { askSs, parseSsSock } from './ss.ts';

const BOUNDS = { timeout: 2000, maxBuffer: 64_000_000 };
const OFF = 0;

/**
 * The token of the MPTCP connection that a socket is a subflow of, from its line of `ss -OHtniem`.
 *
 * A user may choose the path of the cgroup, which stands before `skmem:`.
 *
 * @see Linux net/mptcp/diag.c, subflow_get_info
 */
export const tokenOfSubflow = (line: string): string | null =>
  / tcp-ulp-mptcp .*\btoken:[0-9a-f]+\(id:\d+\)\/([0-9a-f]+)\(/.exec(
    line.slice(Math.max(0, line.lastIndexOf(' skmem:('))),
  )?.[1] ?? null;

/** An MPTCP connection, from its line of `ss -OHMonei`; null for any other line. */
export const parseMptcp = (line: string): { readonly token: string; readonly found: MptcpState } | null => {
  const sock = parseSsSock(line);
  const token = /^ token:([0-9a-f]+)/.exec(line.slice(Math.max(0, line.lastIndexOf(' token:'))))?.[1];
  if (sock === null || token === undefined) return null;
  const { state, inode, timer, timerMs } = sock;
  return {
    token,
    found: { state: stateName(state), is_closed: inode === 0, timer_ms: timer === OFF ? null : timerMs },
  };
};

/**
 * Asks ss for the MPTCP connection that a TCP socket is a subflow of.
 *
 * @returns null where it is none, or ss could not tell. Never throws
 */
export const askMptcp = async (netns: Netns, sock: ProcSock): Promise<MptcpState | null> => {
  const { laddr, lport, raddr, rport } = sock;
  const key = socketKey(laddr, lport, raddr, rport);
  let token: string | null = null;
  const ports = ['sport', '=', `:${lport}`, 'and', 'dport', '=', `:${rport}`];
  await askSs(netns, ['-OHtniem', 'state', 'connected', ...ports], BOUNDS, (line) => {
    if (parseSocketInfo(line)?.key === key) token ??= tokenOfSubflow(line);
  });
  if (token === null) return null;
  let connection: MptcpState | null = null;
  await askSs(netns, ['-OHMonei', 'state', 'all'], BOUNDS, (line) => {
    const mptcp = parseMptcp(line);
    if (mptcp?.token === token) connection ??= mptcp.found;
  });
  return connection;
};
