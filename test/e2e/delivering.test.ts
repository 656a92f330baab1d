import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, it } from 'vitest';
import type { Dying } from '../../src/explain/close-path.ts';
import { type Run, startFinwait, stopAll } from './finwait.ts';
import { onRealKernel } from './requirements.ts';

const SCRIPT = fileURLToPath(new URL('workers/slow_reader.py', import.meta.url));
const COUNT = 5;
/** From the close until finwait is asked: five looks, 2 s apart, and their lines. */
const LATER_MS = 12_000;

const rowsOf = (run: Run): readonly Dying[] =>
  run
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('{"type":"dying"'))
    .map((line): Dying => JSON.parse(line));

/** The rows of orphans whose peer reads for so many seconds, as of `LATER_MS` after their close. */
const rowsAfter = async (address: string, seconds: number): Promise<readonly Dying[]> => {
  const run = startFinwait(['explain', '--json', '--limit', '1000', '--duration', '10m']);
  await run.until('its attach', () => run.stderr().includes('watching'), 250_000);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const command = `ip link set lo up; exec python3 ${SCRIPT} ${address} ${COUNT} ${seconds} 60`;
  const workload = execa('unshare', ['--net', 'sh', '-c', command], { reject: false, buffer: false });
  try {
    await new Promise((resolve) => workload.stdout.once('data', resolve));
    const own = statSync(`/proc/${workload.pid}/ns/net`).ino;
    await new Promise((resolve) => setTimeout(resolve, LATER_MS));
    await run.stop();
    return rowsOf(run).filter(({ netns }) => netns === own);
  } finally {
    workload.kill('SIGKILL');
    await workload;
  }
};

onRealKernel(
  'an orphan whose peer reads slowly',
  () => {
    afterAll(stopAll);

    // All at once: they wait most of the time, each in a namespace of its own.
    it.concurrent.for(['127.0.0.1', '::1'])(
      'delivers, at a rate and until an estimated time: %s',
      async (address, { expect }) => {
        const rows = await rowsAfter(address, 60);
        expect(rows).toHaveLength(COUNT);
        for (const row of rows) {
          expect(row).toMatchObject({ waiting_for: 'delivering', deadline: 'never', deadline_at: null });
          expect(['peer', 'unknown']).toContain(row.side);
          expect(row.delivered_over_us).toBeGreaterThan(3e6);
          // The peer reads 40,960 B/s at most; a busy machine makes it slower, and the window opens in steps.
          expect(row.delivered_bytes_per_second).toBeGreaterThan(4000);
          expect(row.delivered_bytes_per_second).toBeLessThan(80_000);
          expect(Date.parse(row.delivered_expected_at ?? '')).toBeGreaterThan(Date.parse(row.refreshed_at));
          expect(row.advice[0]).toContain('Leave it alone');
        }
      },
    );

    it.concurrent('waits for its window again once the peer has stopped', async ({ expect }) => {
      const rows = await rowsAfter('127.0.0.1', 8);
      expect(rows).toHaveLength(COUNT);
      for (const row of rows) {
        expect(row).toMatchObject({ waiting_for: 'window', side: 'peer', deadline: 'at' });
        expect(row).toMatchObject({ delivered_bytes_per_second: null, delivered_expected_at: null });
        // They had delivered.
        const unsent = Number(/(\d+) B to send/.exec(row.because[0] ?? '')?.[1]);
        expect(unsent).toBeLessThan((row.unacked_bytes ?? 0) - 100_000);
      }
    });
  },
  'python',
);
