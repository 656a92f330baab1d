import { once } from 'node:events';
import { execa } from 'execa';
import split2 from 'split2';
import { expect, it } from 'vitest';
import { scanHolders } from '../../src/capture/sockets/holders.ts';
import { onRealKernel } from './requirements.ts';

/** More open files than a scan reads: a user's processes have as many as they may. Another user's socket comes last. */
const FILES = 19_900;
const PROCESSES = 26;
const CROWD = `
import os, socket, sys, time
files, processes = int(sys.argv[1]), int(sys.argv[2])
null = os.open('/dev/null', os.O_RDONLY)
ends = []
for _ in range(processes):
    down, up = os.pipe()
    if os.fork() == 0:
        for end in ends: os.close(end)
        os.close(down)
        os.setgid(65534)
        os.setuid(65534)
        for _ in range(files): os.dup(null)
        os.close(up)
        time.sleep(600)
        os._exit(0)
    os.close(up)
    ends.append(down)
for end in ends: os.read(end, 1)
victim = os.fork()
if victim == 0:
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen()
    print(os.getpid(), os.fstat(listener.fileno()).st_ino, flush=True)
    time.sleep(600)
    os._exit(0)
time.sleep(600)
`;

onRealKernel(
  'who holds a socket',
  () => {
    it('is found among a user’s 517,000 open files, and that not all were looked at is said', async () => {
      const script = `ulimit -n 20000 && exec python3 -c "$0" ${FILES} ${PROCESSES}`;
      const crowd = execa('sh', ['-c', script, CROWD], { detached: true, buffer: false, reject: false });
      try {
        const [line] = await once(crowd.stdout.pipe(split2()), 'data');
        const [pid, inode] = String(line).split(' ').map(Number);
        const scan = await scanHolders(new Set([inode ?? 0]));
        expect(scan.held.get(inode ?? 0)?.holders).toMatchObject([{ pid }]);
        expect(scan).toMatchObject({
          isComplete: false,
          note: expect.stringMatching(/the scan ended after \d+ open files/),
        });
      } finally {
        if (crowd.pid !== undefined) process.kill(-crowd.pid, 'SIGKILL');
        await crowd;
      }
    });
  },
  'python',
);
