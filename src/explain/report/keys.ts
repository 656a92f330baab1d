import { causeOf } from '../cause-of.ts';
import type { Grouping, Row } from './report.ts';

export const NO_PEER = '(no peer)';

type Peer = Pick<Row, 'family' | 'raddr' | 'rport'>;

/** The peer's address; a mapped one as IPv4. */
export const peerAddress = ({ raddr, rport }: Pick<Peer, 'raddr' | 'rport'>): string =>
  rport === 0 ? NO_PEER : raddr.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');

/** The peer's network: /24 for IPv4 and for mapped addresses, /64 for IPv6. */
export const peerNetwork = (peer: Peer): string => {
  const address = peerAddress(peer);
  if (address === NO_PEER) return NO_PEER;
  const isIpv4 = peer.family === 'ipv4' || address !== peer.raddr;
  return isIpv4 ? `${address.split('.').slice(0, 3).join('.')}.0/24` : `${first64(address)}/64`;
};

/** The first four groups of an IPv6 address, written out by RFC 5952's rule. */
const first64 = (address: string): string => {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // A dotted tail stands for two groups.
  const afterLength = after.length + (after.at(-1)?.includes('.') === true ? 1 : 0);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - afterLength);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4);
  while (groups.at(-1) === '0') groups.pop();
  return `${groups.join(':')}::`;
};

/** The name of the process that closed it: workers of one service are one group. */
export const closerName = ({ closer, how }: Row): string => {
  if (closer !== null) return closer.comm === '' ? '(no name)' : closer.comm;
  switch (how) {
    case 'listener':
      return '(never accepted)';
    case 'kernel':
      return '(kernel)';
    case 'none':
      return '(nobody)';
    default:
      return '(not observed)';
  }
};

/** Its present state, or its last one before CLOSE. If no transition was seen, the state in which it was last seen. */
export const lastState = (row: Row): string =>
  (row.type === 'dying' ? row.state : (row.path.at(-1)?.from ?? row.closed_in ?? row.state)) ?? 'unknown';

const KEYS: Readonly<Record<Exclude<Grouping, 'port'>, (row: Row) => string>> = {
  closer: closerName,
  peer: peerAddress,
  cause: causeOf,
  state: lastState,
  netns: ({ netns }) => `netns ${netns}`,
};

/** @param port - the service's port, by ports.ts: one socket alone does not show it */
export const keyOf = (row: Row, by: Grouping, port: string): string => (by === 'port' ? port : KEYS[by](row));
