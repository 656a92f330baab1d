import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { LabEvent } from '../../src/lab/event.ts';
import { FINWAIT, isAlive, runFinwait, stopAll } from './finwait.ts';
import { type Lab, startLab } from './lab.ts';
import { onRealKernel } from './requirements.ts';

const NOTES = '/run/finwait-lab';

const namespacesOf = (lab: Lab): readonly string[] =>
  (lab.of('lab_start')[0]?.stages ?? []).flatMap(({ near, far }) => [near, far]);

const inodesOf = (lab: Lab): readonly number[] =>
  (lab.of('lab_start')[0]?.stages ?? []).flatMap(({ netns, far_netns }) => [netns, far_netns]);

/** The processes in these namespaces: plays, and the keepers of the far ends of plays that have ended (`--hold`). */
const inhabitants = (inodes: readonly number[]): readonly number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        return inodes.includes(Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0]));
      } catch {
        return false; // It has ended meanwhile.
      }
    });

const workerOf = (lab: Lab): number => {
  const pid = lab.of('lab_start')[0]?.pid;
  if (pid === undefined) throw new Error('the lab has not started');
  return pid;
};

const sysctl = (name: string): string => readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8').trim();

const untilGone = async (what: string, isThere: () => boolean): Promise<void> => {
  const deadline = performance.now() + 15_000;
  while (isThere()) {
    if (performance.now() > deadline) throw new Error(`still there after 15 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** Namespaces, processes and the note of a run must all be gone soon. */
const expectNothingLeft = async (lab: Lab, pids: readonly number[]): Promise<void> => {
  const worker = workerOf(lab);
  await untilGone('the worker', () => isAlive(worker));
  await untilGone('its processes', () => pids.some(isAlive));
  for (const name of namespacesOf(lab)) expect(existsSync(`/run/netns/${name}`), name).toBe(false);
  expect(existsSync(`${NOTES}/run-${worker}`)).toBe(false);
  expect(inhabitants(inodesOf(lab))).toEqual([]);
};

onRealKernel(
  'the lab leaves nothing behind',
  () => {
    afterEach(stopAll);

    /** A lab amid scenarios that take long, with processes and orphans of its own. */
    const startLong = async (...args: readonly string[]): Promise<{ lab: Lab; pids: readonly number[] }> => {
      const lab = startLab('--at-once', '4', ...args);
      await lab.until(
        'all are dying',
        () => lab.of('lab_socket').length >= args.filter((arg) => !arg.startsWith('-')).length,
      );
      // A play that only has to hold its far end hands it over and ends: its children are no descendants of the worker.
      const pids = await lab.until('its processes are there', () => {
        const found = inhabitants(inodesOf(lab));
        return found.length > 0 && found;
      });
      return { lab, pids };
    };
    const LONG = ['fin_timeout_90', 'retries_default', 'control_established'] as const;

    it.for(['-4', '-6'])('%s: when it has played', async (family) => {
      const lab = startLab(family, 'active_close', 'linger_timeout', 'listener', 'fin_timeout_30');
      expect((await lab.exit).exitCode).toBe(0);
      expect(lab.of('lab_played')).toHaveLength(4);
      expect(lab.of('lab_end')).toMatchObject([{ stopped: false }]);
      await expectNothingLeft(lab, []);
    });

    it.for(['SIGINT', 'SIGTERM'] as const)('on %s, at once', async (signal) => {
      const { lab, pids } = await startLong(...LONG);
      const began = performance.now();
      const { exitCode } = await lab.stop(signal);
      expect(exitCode).toBe(0);
      expect(performance.now() - began).toBeLessThan(5000);
      expect(lab.of('lab_end')).toMatchObject([{ stopped: true }]);
      await expectNothingLeft(lab, pids);
    });

    it('when finwait is killed', async () => {
      const { lab, pids } = await startLong(...LONG);
      await lab.stop('SIGKILL');
      await expectNothingLeft(lab, pids);
    });

    it('when the worker is killed: finwait removes what it had made, and says so', async () => {
      const { lab, pids } = await startLong(...LONG);
      process.kill(workerOf(lab), 'SIGKILL');
      expect((await lab.exit).exitCode).toBe(1);
      expect(lab.stderr()).toMatch(/the lab's worker ended by SIGKILL/);
      await expectNothingLeft(lab, pids);
    });

    it('when both are killed: the next lab removes it', async () => {
      const { lab, pids } = await startLong(...LONG);
      process.kill(lab.pid, 'SIGSTOP'); // it shall not notice
      process.kill(workerOf(lab), 'SIGKILL');
      await untilGone('its processes', () => pids.some(isAlive));
      await lab.stop('SIGKILL');
      for (const name of namespacesOf(lab)) expect(existsSync(`/run/netns/${name}`), name).toBe(true);
      const next = startLab('active_close');
      expect((await next.exit).exitCode).toBe(0);
      await expectNothingLeft(lab, pids);
    });

    it('on SIGINT while it holds, with the far ends as they were', async () => {
      const { lab, pids } = await startLong('--hold', 'fin_timeout_30');
      await lab.until('all is played', () => lab.of('lab_hold').length > 0);
      const minisock = execFileSync('ip', [
        'netns',
        'exec',
        lab.stageOf('fin_timeout_30').near,
        'ss',
        '-Htno',
        'state',
        'fin-wait-2',
      ]);
      expect(String(minisock)).toMatch(/timer:\(timewait/);
      expect((await lab.stop()).exitCode).toBe(0);
      await expectNothingLeft(lab, pids);
    });

    it('when its reader goes away', async () => {
      const script = `"${process.execPath}" "${FINWAIT}" lab --json fin_timeout_90 | head -n 1`;
      const start: Extract<LabEvent, { type: 'lab_start' }> = JSON.parse(
        execFileSync('sh', ['-c', script], { encoding: 'utf8' }),
      );
      expect(start.type).toBe('lab_start');
      await untilGone('the worker', () => isAlive(start.pid));
      for (const { near, far } of start.stages) {
        for (const name of [near, far]) expect(existsSync(`/run/netns/${name}`), name).toBe(false);
      }
    });

    it('a lab that runs is not taken for a dead one', async () => {
      const { lab } = await startLong(...LONG);
      const other = startLab('active_close');
      expect((await other.exit).exitCode).toBe(0);
      for (const name of namespacesOf(lab)) expect(existsSync(`/run/netns/${name}`), name).toBe(true);
      expect((await lab.stop()).exitCode).toBe(0);
    });

    describe.skipIf(!existsSync('/proc/sys/net/ipv4/tcp_max_orphans'))('sysctls of the whole host', () => {
      it('are as they were, though finwait is killed while one is set', async () => {
        const limit = sysctl('tcp_max_orphans');
        const lab = startLab('--host', 'orphan_limit_at_timer');
        await lab.until('the limit is 0', () => sysctl('tcp_max_orphans') === '0');
        await lab.stop('SIGKILL');
        await untilGone('the limit of 0', () => sysctl('tcp_max_orphans') === '0');
        expect(sysctl('tcp_max_orphans')).toBe(limit);
        await expectNothingLeft(lab, []);
      });

      it('are as they were once any finwait was started, though finwait and its worker are killed', async () => {
        const limit = sysctl('tcp_max_orphans');
        const lab = startLab('--host', 'orphan_limit_at_timer');
        try {
          await lab.until('the limit is 0', () => sysctl('tcp_max_orphans') === '0');
          process.kill(lab.pid, 'SIGSTOP'); // it shall not notice
          process.kill(workerOf(lab), 'SIGKILL');
          await lab.stop('SIGKILL');
          await untilGone('the worker', () => isAlive(workerOf(lab)));
          expect(sysctl('tcp_max_orphans')).toBe('0');
          const next = await runFinwait('explain', '--list', 'ack');
          expect(next.exitCode).toBe(0);
          expect(next.stderr).toMatch(/a lab had been killed together with its worker: what it left is undone/);
          expect(sysctl('tcp_max_orphans')).toBe(limit);
          await expectNothingLeft(lab, []);
          expect((await runFinwait('explain', '--list', 'ack')).stderr).toBe('');
        } finally {
          writeFileSync('/proc/sys/net/ipv4/tcp_max_orphans', limit);
        }
      });

      it('are as they were when it has played', async () => {
        const before = [sysctl('tcp_max_orphans'), sysctl('tcp_mem')];
        const lab = startLab('--host', 'orphan_limit_at_close', 'orphan_limit_at_timer', 'out_of_memory');
        expect((await lab.exit).exitCode).toBe(0);
        expect(lab.of('lab_played')).toHaveLength(3);
        expect([sysctl('tcp_max_orphans'), sysctl('tcp_mem')]).toEqual(before);
      });
    });

    it('each socket of a run has ports of its own, in any order and at once', async () => {
      const lab = startLab('--count', '3', '--at-once', '6', '--shuffle', '7', 'active_close', 'unread_data', 'dup');
      expect((await lab.exit).exitCode).toBe(0);
      const ports = lab.of('lab_socket').map(({ lport, rport }) => `${lport} ${rport}`);
      expect(new Set(ports).size).toBe(9);
      expect(lab.of('lab_gone')).toHaveLength(9);
    });
  },
  'python',
);
