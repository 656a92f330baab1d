/** Addresses with ports. */
import { type Printable, printable, safe } from './printable.ts';
import { UNKNOWN } from './unknown.ts';

/** `10.0.0.1:443`, `[2001:db8::1]:443`. @param address - null is any: `*`, without a port */
export const endpoint = (family: 'ipv4' | 'ipv6', address: string | null, port: number): Printable => {
  if (address === null) return safe`*`;
  return printable(family === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`);
};

/** Null is unknown, and written as `?`. */
type Local = { readonly family: 'ipv4' | 'ipv6'; readonly laddr: string | null; readonly lport: number };
type Peer = { readonly family: 'ipv4' | 'ipv6'; readonly raddr: string; readonly rport: number | null };

export const localEnd = ({ family, laddr, lport }: Local): Printable =>
  laddr === null ? safe`${UNKNOWN}:${lport}` : endpoint(family, laddr, lport);

export const peerEnd = ({ family, raddr, rport }: Peer): Printable => {
  if (rport !== null) return endpoint(family, raddr, rport);
  return printable(family === 'ipv6' ? `[${raddr}]:${UNKNOWN}` : `${raddr}:${UNKNOWN}`);
};

/** Both, the local one first, as `--socket` takes them: `10.0.0.1:443 -> 10.0.0.2:51234`. */
export const bothEnds = (socket: Local & Peer): Printable => safe`${localEnd(socket)} -> ${peerEnd(socket)}`;
