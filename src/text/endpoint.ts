/** Addresses with ports. */
import { type Printable, printable, safe } from './printable.ts';

/** `10.0.0.1:443`, `[2001:db8::1]:443`. @param address - null is any: `*`, without a port */
export const endpoint = (family: 'ipv4' | 'ipv6', address: string | null, port: number): Printable => {
  if (address === null) return safe`*`;
  return printable(family === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`);
};

type Local = { readonly family: 'ipv4' | 'ipv6'; readonly laddr: string; readonly lport: number };
type Peer = { readonly family: 'ipv4' | 'ipv6'; readonly raddr: string; readonly rport: number };

export const localEnd = ({ family, laddr, lport }: Local): Printable => endpoint(family, laddr, lport);

export const peerEnd = ({ family, raddr, rport }: Peer): Printable => endpoint(family, raddr, rport);

/** Both, the local one first, as `--socket` takes them: `10.0.0.1:443 -> 10.0.0.2:51234`. */
export const bothEnds = (socket: Local & Peer): Printable => safe`${localEnd(socket)} -> ${peerEnd(socket)}`;
