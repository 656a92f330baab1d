import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, it } from 'vitest';
import type { Dying } from '../../src/explain/close-path.ts';
import { type Run, startFinwait, stopAll } from './finwait.ts';
import { onRealKernel } from './requirements.ts';

const SCRIPT = fileURLToPath(new URL('workers/shut_window.py', import.meta.url));
const COUNT = 20;
/** From the close until finwait is asked: long enough for two passes and for the lines on their way. */
const LATER_MS = 5000;

const rowsOf = (run: Run): readonly Dying[] =>
  run
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('{"type":"dying"'))
    .map((line): Dying => JSON.parse(line));

onRealKernel(
  'evidence of sockets that live on',
  () => {
    afterAll(stopAll);

    // All at once: they wait most of the time, each in a namespace of its own.
    it.concurrent.for([
      ['127.0.0.1', '10ms'],
      ['::1', '10ms'],
      ['127.0.0.1', '0'],
    ] as const)(
      'follows a window that shuts after the close, without an event: %s, --min-age %s',
      async ([address, age], { expect }) => {
        const run = startFinwait(['explain', '--json', '--limit', '1000', '--min-age', age]);
        await run.until('its attach', () => run.stderr().includes('watching'), 250_000);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        const command = `ip link set lo up; exec python3 ${SCRIPT} ${address} ${COUNT} 60`;
        const workload = execa('unshare', ['--net', 'sh', '-c', command], { reject: false, buffer: false });
        try {
          await new Promise((resolve) => workload.stdout.once('data', resolve));
          const own = statSync(`/proc/${workload.pid}/ns/net`).ino;
          await new Promise((resolve) => setTimeout(resolve, LATER_MS));
          await run.stop();
          const rows = rowsOf(run).filter(({ netns }) => netns === own);
          expect(rows).toHaveLength(COUNT);
          for (const row of rows) {
            expect(row).toMatchObject({ waiting_for: 'window', side: 'peer', deadline: 'at', probes: 0 });
            // The bytes that it holds now: those that the peer has taken are gone from it.
            expect(row.held_now_bytes).toBeGreaterThan(100_000);
            const age = Date.now() - Date.parse(row.refreshed_at);
            expect(age).toBeLessThan(30_000);
            expect(Date.parse(row.refreshed_at)).toBeGreaterThan(Date.parse(row.closed_at ?? '') + 1000);
          }
        } finally {
          workload.kill('SIGKILL');
          await workload;
        }
      },
    );
  },
  'python',
);
