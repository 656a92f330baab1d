import { execa } from 'execa';
import { afterEach, beforeAll, expect, it } from 'vitest';
import type { OpenSocket } from '../../src/kernel/open-socket.ts';
import { runFinwait } from './finwait.ts';
import { makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker, type Worker } from './worker.ts';

type Told = OpenSocket & {
  readonly type: string;
  readonly because: readonly string[];
  readonly advice: readonly string[];
};

const explain = async (socket: string, netns: number): Promise<readonly Told[]> => {
  const run = await runFinwait('explain', '--socket', socket, '--netns', String(netns), '--duration', '1s', '--json');
  expect(run).toMatchObject({ exitCode: 0 });
  const rows: readonly Told[] = run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return rows.filter(({ type }) => type === 'open_socket');
};

onRealKernel(
  'a socket that was closed and still is there',
  () => {
    let net: Network;
    const workers: Worker[] = [];
    beforeAll(async () => {
      net = await makeNetwork();
      return net.remove;
    });
    afterEach(async () => {
      for (const worker of workers.splice(0)) await worker.kill();
      await net.calm();
    });
    const start = (...args: Parameters<typeof startWorker>): Worker => {
      const worker = startWorker(...args);
      workers.push(worker);
      return worker;
    };

    it.each(['v4', 'v6'] as const)('over IP%s is told with everybody who keeps it', async (family) => {
      const { near, far } = net;
      const peer = start(far, 'peer.mjs', far[family]);
      const { port } = await peer.hear('listening');
      const worker = start(near, 'kept.py', far[family], Number(port));
      const kept = await worker.hear('kept');
      const address = family === 'v6' ? `[${far.v6}]` : far.v4;
      const told = await explain(`${address}:${String(port)}`, near.inode);
      const at = (what: string): Told | undefined => told.find(({ lport }) => lport === kept[what]);
      const { pid, child, program } = kept;

      expect(at('inherited')).toMatchObject({
        held_by: 'process',
        state: 'ESTABLISHED',
        holders: [{ pid: program, comm: 'cat', parent: { pid }, inherited_from: null, may_be_inherited: true }],
      });
      expect(at('inherited')?.holders[0]?.fds).toMatchObject([{ close_on_exec: false }]);
      expect(at('forked')?.holders).toHaveLength(2);
      expect(at('forked')?.holders).toContainEqual(expect.objectContaining({ pid: child, inherited_from: pid }));
      expect(at('forked')?.holders).toContainEqual(expect.objectContaining({ pid, inherited_from: null }));
      expect(at('half')).toMatchObject({ held_by: 'process', state: 'FIN_WAIT2', holders: [{ pid }] });
      expect(at('half')?.because.join(' ')).toContain('Nothing bounds this wait: net.ipv4.tcp_fin_timeout');
      // The machine may have a process that nobody may ask.
      expect(at('passed')?.held_by).toBeOneOf(['no_process', 'unknown']);
      expect(at('passed')).toMatchObject({ holders: [], in_flight: [{ pid, count: 1 }] });
      if (kept['registered'] === null) process.stderr.write('not run: no io_uring here\n');
      else expect(at('registered')).toMatchObject({ held_by: 'io_uring', holders: [], io_urings: [{ pid }] });

      // The advice does what it says: as it is written, from a shell of the first namespace.
      const [command = 'false'] = /nsenter \S+ ss -tK src \S+ dst \S+(?=\. Its price)/.exec(
        at('half')?.advice.join('\n') ?? '',
      ) ?? ['false'];
      expect(await near.count('fin-wait-2')).toBe(1);
      await execa('sh', ['-c', command]);
      await expect.poll(() => near.count('fin-wait-2'), { timeout: 10_000 }).toBe(0);
      const before = await near.count('established');
      worker.say('end program');
      await worker.hear('ended');
      await expect.poll(() => near.count('established'), { timeout: 10_000 }).toBe(before - 1);
    });

    it('is told to people as well, and that it is not dying', async () => {
      const { near, far } = net;
      const peer = start(far, 'peer.mjs', far.v4);
      const { port } = await peer.hear('listening');
      const kept = await start(near, 'kept.py', far.v4, Number(port)).hear('kept');
      const socket = `${near.v4}:${String(kept['inherited'])}->${far.v4}:${String(port)}`;
      const run = await runFinwait('explain', '--socket', socket, '--netns', String(near.inode), '--duration', '1s');
      expect(run.exitCode).toBe(0);
      const text = run.stdout.replace(/\s+/g, ' ');
      expect(text).toContain(`not dying: ESTABLISHED, held by cat[${String(kept['program'])}] fd`);
      expect(text).toContain(`Its parent python3[${String(kept['pid'])}] does not have it open.`);
    });

    it.for([
      ['v4', '127.0.0.1', '127.0.0.1'],
      ['v6', '::1', '[::1]'],
    ] as const)(
      'as a subflow of MPTCP over IP%s is told with the state of its connection',
      async ([, host, shown], { skip }) => {
        const { near } = net;
        const { ends, why } = await start(near, 'mptcp.py', host).hear('ready');
        if (!Array.isArray(ends)) return skip(`no MPTCP here: ${String(why)}`);
        const [told, ...more] = await explain(`${shown}:${ends[0]}->${shown}:${ends[1]}`, near.inode);
        expect(more).toEqual([]);
        expect(told).toMatchObject({
          held_by: 'mptcp',
          state: 'ESTABLISHED',
          mptcp: { state: 'FIN_WAIT2', is_closed: true, timer_ms: expect.any(Number) },
        });
      },
    );
  },
  'python',
);
