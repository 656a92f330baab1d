import type { OpenHolder, OpenSocket } from '../../src/kernel/open-socket.ts';

/** A process that has a socket open at fd 5, as its parent does not. */
export const aHolder = (change: Partial<OpenHolder> = {}): OpenHolder => ({
  pid: 20,
  comm: 'worker',
  parent: { pid: 10, comm: 'server' },
  fds: [{ fd: 5, close_on_exec: false }],
  inherited_from: null,
  may_be_inherited: true,
  ...change,
});

/** A socket that one process holds, in the namespace of finwait. */
export const anOpenSocket = (change: Partial<OpenSocket> = {}): OpenSocket => ({
  netns: 4026531840,
  netns_path: null,
  is_own_netns: true,
  family: 'ipv4',
  laddr: '10.0.0.5',
  lport: 443,
  raddr: '192.0.2.7',
  rport: 51234,
  state: 'ESTABLISHED',
  inode: 77,
  unread_bytes: 0,
  unacked_bytes: 0,
  has_keepalive: false,
  held_by: 'process',
  holders: [aHolder()],
  holder_count: 1,
  io_urings: [],
  in_flight: [],
  mptcp: null,
  listener: null,
  ...change,
});
