import { afterEach, expect, it } from 'vitest';
import { listSocks } from '../../src/capture/sockets/list-socks.ts';
import type { ProcSock } from '../../src/capture/sockets/proc-net-tcp.ts';
import { makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker, type Worker } from './worker.ts';

onRealKernel('the sockets of a namespace', () => {
  const nets: Network[] = [];
  const workers: Worker[] = [];
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.kill();
    for (const net of nets.splice(0)) await net.remove();
  });
  const start = (...args: Parameters<typeof startWorker>): Worker => {
    const worker = startWorker(...args);
    workers.push(worker);
    return worker;
  };

  it('are told by ss as /proc/net/tcp tells them, TIME_WAIT sockets left out', async () => {
    const net = await makeNetwork();
    nets.push(net);
    const { near, far } = net;
    await near.sysctl('net.ipv4.tcp_fin_timeout', 120);
    const dial = async (count: number, family: 'v4' | 'v6', ...how: readonly string[]) => {
      const peer = start(far, 'peer.mjs', far[family], ...how);
      const { port } = await peer.hear('listening');
      const dialer = start(near, 'dial.mjs', far[family], Number(port), count);
      await dialer.hear('connected');
      return { peer, dialer };
    };
    const both = start(near, 'peer.mjs', '::'); // a listener of both families
    await both.hear('listening');
    await dial(1, 'v4'); // stays open
    const left = await dial(2, 'v6', 'hold'); // the peer closes, nobody here does: CLOSE_WAIT
    left.peer.say('fin 2');
    await left.dialer.hear('peer_fin');
    for (const family of ['v4', 'v6'] as const) {
      const half = await dial(2, family, 'hold'); // FIN_WAIT2 orphans
      half.dialer.say('exit');
      await half.dialer.ended;
      const answered = await dial(3, family, 'answer'); // TIME_WAIT
      answered.dialer.say('exit');
      await answered.dialer.ended;
    }
    const cut = await Promise.all([dial(2, 'v4'), dial(2, 'v6')]);
    await far.drop('tcp flags & fin == fin');
    for (const { dialer } of cut) dialer.say('exit');
    for (const { dialer } of cut) await dialer.ended; // FIN_WAIT1 orphans, sent again and again
    expect(await near.count('fin-wait-1')).toBe(4);

    const ways = [
      { inode: near.inode, pids: [], mounts: [`/run/netns/${near.name}`] },
      { inode: near.inode, pids: [both.pid], mounts: [] },
    ];
    for (const netns of ways) {
      const [told, asked] = [await listSocks(netns), await listSocks(netns, { manyTimeWait: 0 })];
      const states = (socks: readonly ProcSock[] | null) => (socks ?? []).map(({ state }) => state).sort();
      expect(new Set(states(told))).toEqual(new Set([1, 10, 4, 5, 8]));
      expect(states(asked)).toEqual(states(told));
      const key = (sock: ProcSock): string => [sock.family, sock.laddr, sock.lport, sock.raddr, sock.rport].join(' ');
      const byKey = new Map((told ?? []).map((sock) => [key(sock), sock]));
      expect(byKey.size).toBe(told?.length);
      for (const { timerMs, retransmits, ...steady } of asked ?? []) {
        const { timerMs: exactMs, retransmits: before, ...wanted } = byKey.get(key(steady as ProcSock)) ?? {};
        expect(steady).toEqual(wanted);
        // The listings are a moment apart, and ss tells no fractions from 10 s on.
        expect(retransmits - (before ?? Number.NaN)).toBeOneOf([0, 1]);
        if (retransmits === before) expect(Math.abs(timerMs - (exactMs ?? Number.NaN))).toBeLessThan(5000);
      }
    }
  });
});
