import { once } from 'node:events';
import { execa } from 'execa';
import split2 from 'split2';
import { expect, it } from 'vitest';
import { listSocks, listThroughSs } from '../../src/capture/sockets/list-socks.ts';
import { listNetns } from '../../src/capture/sockets/netns.ts';
import type { ProcSock } from '../../src/capture/sockets/proc-net-tcp.ts';
import { onRealKernel } from './requirements.ts';

const LISTINGS = 150;
/** Listens on port 1111 in one namespace and on 2222 in another, and moves from one to the other for ever. */
const FLIPPER = `
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
NEWNET = 0x40000000
def make(port):
    if libc.unshare(NEWNET) != 0: raise OSError(ctypes.get_errno(), 'unshare')
    listener = socket.socket()
    listener.bind(('0.0.0.0', port))
    listener.listen()
    return os.open('/proc/self/ns/net', os.O_RDONLY), listener
a, b = make(1111), make(2222)
print(os.fstat(a[0]).st_ino, os.fstat(b[0]).st_ino, flush=True)
setns = libc.setns
while True:
    setns(a[0], NEWNET)
    setns(b[0], NEWNET)
`;

onRealKernel(
  'a process that moves from one network namespace to another',
  () => {
    it('has no socket listed under a namespace that it is not in, neither by /proc nor by ss', async () => {
      const flipper = execa('python3', ['-c', FLIPPER], { buffer: false, reject: false });
      try {
        const [line] = await once(flipper.stdout.pipe(split2()), 'data');
        const [a, b] = String(line).split(' ').map(Number);
        const portOf = new Map([
          [a, 1111],
          [b, 2222],
        ]);
        const seen = { listed: 0, unreadable: 0, wrong: 0 };
        const judge = (inode: number, socks: readonly ProcSock[] | string | null): void => {
          if (socks === null || typeof socks === 'string') seen.unreadable++;
          else if (socks.length === 1 && socks[0]?.lport === portOf.get(inode)) seen.listed++;
          else seen.wrong++;
        };
        for (let i = 0; i < LISTINGS; i++) {
          for (const netns of listNetns().namespaces) {
            if (!portOf.has(netns.inode)) continue;
            judge(netns.inode, await listSocks(netns));
            if (i % 10 === 0) judge(netns.inode, await listThroughSs(netns));
          }
        }
        process.stderr.write(`listings under a process that moves: ${JSON.stringify(seen)}\n`);
        expect(seen.wrong).toBe(0);
        expect(seen.listed).toBeGreaterThan(LISTINGS / 10);
      } finally {
        flipper.kill('SIGKILL');
        await flipper;
      }
    });
  },
  'python',
);
