import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, it } from 'vitest';
import type { Dying } from '../../src/explain/close-path.ts';
import { type Run, startFinwait, stopAll } from './finwait.ts';
import { makeNetwork } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker } from './worker.ts';

const SCRIPT = fileURLToPath(new URL('workers/shut_window.py', import.meta.url));
const COUNT = 20;
/** finwait starts this long after the close: its events are over by then. */
const LATE_MS = 6000;
/** The time of two readings, and of one. */
const TWO_READINGS_MS = 14_000;
const ONE_READING_MS = 2000;
/** Timers are overdue by less than this. */
const LATEST_MS = 4000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const rowsOf = (run: Run, isOurs: (row: Dying) => boolean): readonly Dying[] =>
  run
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('{"type":"dying"'))
    .map((line): Dying => JSON.parse(line))
    .filter(isOurs);

const explain = async (ms: number): Promise<Run> => {
  const run = startFinwait(['explain', '--json', '--limit', '1000', '--duration', '60s']);
  await run.until('its attach', () => run.stderr().includes('watching'), 250_000);
  await pause(ms);
  await run.stop();
  return run;
};

onRealKernel(
  'the baseline, read again',
  () => {
    afterAll(stopAll);

    // All at once: they wait most of the time, and know their sockets by address or namespace.
    it.concurrent.for([
      ['127.0.0.1', TWO_READINGS_MS],
      ['::1', ONE_READING_MS],
    ] as const)(
      'whose window is shut are read and explained: %s',
      async ([address, watchedMs], { expect, onTestFinished }) => {
        const command = `ip link set lo up; exec python3 ${SCRIPT} ${address} ${COUNT} 120`;
        const workload = execa('unshare', ['--net', 'sh', '-c', command], { reject: false, buffer: false });
        onTestFinished(async () => {
          workload.kill('SIGKILL');
          await workload;
        });
        await new Promise((resolve) => workload.stdout.once('data', resolve));
        await pause(LATE_MS);
        const run = await explain(watchedMs);
        const stoppedAt = Date.now();
        const rows = rowsOf(
          run,
          ({ raddr, closer, waiting_for }) => raddr === address && closer === null && waiting_for !== 'peer_fin',
        );
        expect(rows).toHaveLength(COUNT);
        for (const row of rows) {
          expect(row).toMatchObject({
            waiting_for: 'window',
            side: 'peer',
            probes: 0,
            uid: 0,
            closed_at: null,
            dying_us: null,
            deadline: 'at',
            certain: false,
            gaps: ['older_than_capture'],
          });
          expect(row.held_now_bytes).toBeGreaterThan(100_000);
          expect(row.cgroup_id).toMatch(/^\d+$/);
          expect(row.dying_at_least_us).toBeGreaterThan((watchedMs * 1000) / 2);
          // Not the first reading where there was time for a second.
          expect(stoppedAt - Date.parse(row.refreshed_at)).toBeLessThan(11_000);
          expect(row.advice.join(' ')).toContain('does not read');
          // By now its probes come seldom: the deadline is minutes away.
          expect(Date.parse(row.deadline_at ?? '')).toBeGreaterThan(Date.now() + 60_000);
        }
      },
    );

    it.concurrent('whose peer has gone have the cause, the deadline and the end that the kernel gives them', async ({
      expect,
      onTestFinished,
    }) => {
      const net = await makeNetwork();
      onTestFinished(net.remove);
      const { near, far } = net;
      await near.sysctl('net.ipv4.tcp_orphan_retries', 6);
      const peer = startWorker(far, 'peer.mjs', far.v4, 'answer');
      onTestFinished(peer.kill);
      const { port } = await peer.hear('listening');
      const dialer = startWorker(near, 'dial.mjs', far.v4, Number(port), COUNT);
      onTestFinished(dialer.kill);
      await dialer.hear('connected');
      await far.drop('tcp flags & fin == fin');
      dialer.say('exit');
      await dialer.ended;
      // The fifth retransmission comes 6.2 s after the FIN, the next one 6.4 s later: time to attach and to read.
      await pause(6500);
      const run = await explain(1500);
      const rows = rowsOf(run, ({ netns }) => netns === near.inode);
      expect(rows).toHaveLength(COUNT);
      const told = rows.map((row) => {
        expect(row).toMatchObject({ waiting_for: 'ack', side: 'unknown', deadline: 'at', certain: false });
        return { earliest: Date.parse(row.deadline_at ?? ''), expected: Date.parse(row.deadline_expected_at ?? '') };
      });
      // The kernel keeps to it: none is reaped before the first deadline, all are soon after the last one.
      const [first, last] = [
        Math.min(...told.map(({ earliest }) => earliest)),
        Math.max(...told.map(({ expected }) => expected)),
      ];
      while (Date.now() < first - 500) {
        expect(await near.count('fin-wait-1')).toBe(COUNT);
        await pause(200);
      }
      await pause(Math.max(0, last - Date.now()) + LATEST_MS);
      expect(await near.count('fin-wait-1')).toBe(0);
    });
  },
  'python',
);
