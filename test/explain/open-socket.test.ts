import { describe, expect, test } from 'vitest';
import { adviceOpen, becauseOpen, heldByText } from '../../src/explain/open-socket.ts';
import type { OpenSocket } from '../../src/kernel/open-socket.ts';
import { aHolder, anOpenSocket } from '../builders/open-socket.ts';

const because = (change: Partial<OpenSocket>): string => becauseOpen(anOpenSocket(change)).join('\n');
const advice = (change: Partial<OpenSocket>, notes: readonly string[] = []): string =>
  adviceOpen(anOpenSocket(change), notes).join('\n');

describe('who holds a socket that is not dying', () => {
  test('a child at the number of its parent inherited it; without such a parent that only may be so', () => {
    const parent = aHolder({ pid: 10, comm: 'server', parent: null });
    const child = aHolder({ inherited_from: 10 });
    expect(because({ holders: [parent, child], holder_count: 2 })).toContain(
      'worker[20] has it open at fd 5; exec() does not close fd 5. Its parent server[10] has it at the same number',
    );
    expect(because({})).toContain('If that one did and closed it, this one inherited it over fork()');
  });

  test('a descriptor that exec() would have closed came from no parent of another program', () => {
    const holders = [aHolder({ fds: [{ fd: 5, close_on_exec: true }], may_be_inherited: false })];
    expect(because({ holders })).not.toMatch(/fork/);
    expect(advice({ holders })).not.toMatch(/SOCK_CLOEXEC/);
  });

  test('processes without a parent among them have it passed on, or from an ancestor', () => {
    const holders = [aHolder(), aHolder({ pid: 30, parent: { pid: 1, comm: 'init' } })];
    expect(because({ holders, holder_count: 2 })).toContain('SCM_RIGHTS');
  });

  test('those beyond the named are counted', () => {
    expect(heldByText(anOpenSocket({ holder_count: 130 }))).toBe('worker[20] fd 5; and 129 more');
  });

  test('no process found is not nobody, unless each was asked', () => {
    const none = { holders: [], holder_count: 0 };
    const unknown = because({ ...none, held_by: 'unknown' });
    expect(unknown).toContain('not every process could be asked: one of the others may have it');
    expect(unknown).not.toMatch(/none has it/);
    expect(advice({ ...none, held_by: 'unknown' }, ['processes could not be asked'])).toContain('--pid=host');
    expect(because({ ...none, held_by: 'no_process' })).toContain('Every process was asked, twice, and none has it');
  });

  test('only what has our FIN queued may be in a close() that lingers', () => {
    const none = { held_by: 'no_process', holders: [], holder_count: 0 } as const;
    expect(because({ ...none, state: 'FIN_WAIT1' })).toContain('SO_LINGER');
    expect(because({ ...none, state: 'CLOSE_WAIT' })).not.toContain('SO_LINGER');
  });

  test('without an inode it waits in an accept queue, or no process can have it', () => {
    const none = { inode: null, holders: [], holder_count: 0 };
    const listener = { laddr: '0.0.0.0', lport: 443, holders: [{ pid: 7, comm: 'nginx' }] };
    expect(because({ ...none, held_by: 'accept_queue', listener })).toContain(
      'in the accept queue of the listener 0.0.0.0:443, which nginx[7] has open.',
    );
    expect(because({ ...none, held_by: 'no_process' })).toContain('no process can have it open');
  });

  test('a subflow stays with its MPTCP connection, and no sysctl of orphans is for it', () => {
    const none = { held_by: 'mptcp', holders: [], holder_count: 0 } as const;
    const mptcp = { state: 'FIN_WAIT1', is_closed: true, timer_ms: 59_000 } as const;
    expect(because({ ...none, mptcp })).toContain('that is in FIN_WAIT1, and its timer fires in 59.0 s.');
    expect(advice({ ...none, mptcp })).toMatch(/No sysctl of TCP and no limit of orphans/);
    expect(advice({ ...none, mptcp })).not.toMatch(/ss -tK/);
  });
});

describe('FIN_WAIT2 that is held', () => {
  test('has no bound, and no sysctl of orphans helps', () => {
    expect(because({ state: 'FIN_WAIT2' })).toContain('Nothing bounds this wait: net.ipv4.tcp_fin_timeout');
    expect(advice({ state: 'FIN_WAIT2' })).toContain('SO_KEEPALIVE on it would end it');
  });

  test('and has keepalive is bounded if the peer is gone', () => {
    const held = { state: 'FIN_WAIT2', has_keepalive: true } as const;
    expect(because(held)).toContain('While the peer answers its keepalive probes, nothing bounds this wait');
    expect(advice(held)).not.toContain('SO_KEEPALIVE');
  });
});

describe('the command that ends it', () => {
  test('quotes IPv6 for ss and the shell', () => {
    const ends = { family: 'ipv6', laddr: '2001:db8::1', raddr: '2001:db8::2' } as const;
    expect(advice(ends)).toContain("ss -tK src '[2001:db8::1]:443' dst '[2001:db8::2]:51234'");
  });

  test('enters the namespace, and is not given where no way leads there', () => {
    const elsewhere = { is_own_netns: false, netns_path: '/run/netns/blue' };
    expect(advice(elsewhere)).toContain('nsenter --net=/run/netns/blue ss -tK src 10.0.0.5:443 dst 192.0.2.7:51234');
    expect(advice({ ...elsewhere, netns_path: null })).not.toContain('ss -tK');
  });

  test.each(['LISTEN', 'SYN_SENT', 'LAST_ACK'] as const)('is not given in %s', (state) => {
    expect(advice({ state })).not.toContain('ss -tK');
  });
});
