import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClosePath } from '../../src/explain/close-path.ts';
import { childFault, differences, ENDINGS, OTHERS, rowsOf } from '../lab/endings.ts';
import { startTrace, stopAll, type Trace } from './finwait.ts';
import { type Lab, type LabSocket, startLab } from './lab.ts';
import { onRealKernel } from './requirements.ts';
import { undisturbed } from './undisturbed.ts';

const TIMES = 4;
const AT_ONCE = 50;
const SEED = 20_261_121;
/** The experiment is made again when skipped probes have spoiled a larger share of the sockets than this. */
const MOST_SPOILED = 0.2;
const CATCH_UP_MS = 10_000;
const POLL_MS = 200;

/** A path that lost events of its own says so. Nothing else that it says is asserted. */
const LOSSES = ['events_lost', 'transition_missed', 'destroy_missed', 'close_not_observed', 'event_late'];
const isSpoiled = (path: ClosePath): boolean => path.gaps.some((gap) => LOSSES.includes(gap));

/** Watches every socket that the kernel frees in a namespace, through sock_diag: `ss -E` knows nothing of finwait. */
const watchDestroys = (namespace: string) => {
  // ss would hold its lines back until it ends if it wrote to a pipe.
  const child = execa('ip', ['netns', 'exec', namespace, 'stdbuf', '-oL', 'ss', '-E', '-Htn', '-O'], { reject: false });
  const since = Date.now() / 1000;
  return {
    since,
    /** The number of sockets freed, by local port. */
    stop: async (): Promise<ReadonlyMap<number, number>> => {
      child.kill('SIGTERM');
      const { stdout } = await child;
      const byPort = new Map<number, number>();
      for (const line of stdout.split('\n')) {
        const port = Number(/:(\d+)$/.exec(line.trim().split(/\s+/)[3] ?? '')?.[1]);
        if (Number.isFinite(port)) byPort.set(port, (byPort.get(port) ?? 0) + 1);
      }
      return byPort;
    },
  };
};

for (const [title, flag, family] of [
  ['IPv4', '-4', 'ipv4'],
  ['IPv6', '-6', 'ipv6'],
] as const) {
  onRealKernel(
    `each scenario ${TIMES} times, in random order, ${AT_ONCE} at once: ${title}`,
    () => {
      let lab: Lab;
      let trace: Trace;
      let paths: readonly ClosePath[] = [];
      const freed = new Map<number, { readonly since: number; readonly byPort: ReadonlyMap<number, number> }>();

      const sockets = (role: LabSocket['role']) => lab.of('lab_socket').filter((socket) => socket.role === role);
      const rowOf = (socket: LabSocket): ClosePath | undefined => rowsOf(paths, socket)[0];
      /** True if nothing of this namespace was lost. */
      const isWhole = (netns: number): boolean =>
        !paths.some((path) => path.netns === netns && isSpoiled(path)) &&
        !sockets('dying').some((socket) => socket.netns === netns && rowOf(socket) === undefined);
      /** Sockets whose row is there and lost nothing. */
      const judged = (): readonly (readonly [LabSocket, ClosePath])[] =>
        sockets('dying').flatMap((socket) => {
          const row = rowOf(socket);
          return row === undefined || isSpoiled(row) || OTHERS.includes(socket.scenario)
            ? []
            : [[socket, row] as const];
        });

      /** Each wrong statement of a row about its socket. */
      const wrong = (): readonly string[] =>
        judged().flatMap(([socket, row]) => {
          const expected = ENDINGS[socket.scenario];
          if (expected === undefined) throw new Error(`nothing is expected of ${socket.scenario}`);
          // The number of retransmissions depends on how busy the machine is.
          const { retransmits, probes, ...steady } = expected;
          const why = row.because.join('; ');
          return differences(steady, row).map((text) => `${socket.scenario} #${socket.run}: ${text} (${why})`);
        });

      beforeAll(async () => {
        await undisturbed(
          `matrix ${title}`,
          async () => {
            trace = await startTrace();
            lab = startLab(
              ...['--hold', flag, '--count', String(TIMES), '--at-once', String(AT_ONCE), '--shuffle', String(SEED)],
              ...Object.keys(ENDINGS),
              ...OTHERS,
            );
            await lab.until('its namespaces', () => lab.of('lab_start').length > 0);
            const watches = new Map(
              (lab.of('lab_start')[0]?.stages ?? []).map((stage) => [stage.netns, watchDestroys(stage.near)]),
            );
            await lab.until('all is played', () => lab.of('lab_hold').length > 0, 180_000);
            expect(lab.of('lab_failed')).toEqual([]);
            let more = 2;
            await trace.nextLedger('drift 0 at rest', (row) => row.drift === 0 && row.in_flight === 0 && --more <= 0);
            // On a busy machine finwait may be seconds behind: the ledger's rows then were of before the last death.
            for (let waited = 0; waited < CATCH_UP_MS; waited += POLL_MS) {
              paths = trace.paths();
              if (sockets('dying').every((socket) => rowOf(socket) !== undefined)) break;
              await sleep(POLL_MS);
            }
            for (const [netns, watch] of watches) freed.set(netns, { since: watch.since, byPort: await watch.stop() });
            // A wrong path may be due to skipped probes. With nothing lost it fails below.
            if (trace.ledger().lost_events > 0) expect(wrong()).toEqual([]);
            expect(judged().length / sockets('dying').length).toBeGreaterThan(1 - MOST_SPOILED);
            expect(lab.of('lab_start')[0]?.stages.some(({ netns }) => isWhole(netns))).toBe(true);
          },
          () => trace,
          stopAll,
        );
      }, 600_000);
      afterAll(stopAll);

      it('every socket has a row, but for those whose events were lost', () => {
        const without = sockets('dying').filter((socket) => rowOf(socket) === undefined);
        const why = without.map((socket) => {
          const like = paths.filter(({ netns, lport }) => netns === socket.netns && lport === socket.lport);
          return `${JSON.stringify(socket)} has no row of its own among ${JSON.stringify(like)}`;
        });
        expect(without.length, why.join('\n')).toBeLessThanOrEqual(trace.ledger().lost_events);
      });

      it('every field of each that lost nothing is right', () => {
        expect(wrong()).toEqual([]);
      });

      it('and so are its addresses, its closer, its time', () => {
        for (const [socket, row] of judged()) {
          const what = `${socket.scenario} #${socket.run}`;
          expect(row, what).toMatchObject({ family, laddr: socket.laddr, lport: socket.lport, netns: socket.netns });
          if (socket.raddr !== null && row.rport !== 0) expect(row.raddr, what).toBe(socket.raddr);
          if (row.closed_at === null) continue;
          expect(Math.abs(Date.parse(row.closed_at) / 1000 - socket.at), what).toBeLessThan(6);
          expect(row.closer?.pid, what).toBeGreaterThan(0);
        }
      });

      it('a child that its listener forgot has its whole tuple, though tcp_disconnect had cleared it', () => {
        const children = sockets('child').filter(({ netns }) => isWhole(netns));
        expect(children.map((child) => childFault(paths, child)).filter((fault) => fault !== null)).toEqual([]);
      });

      it('a path that lost events is never certain', () => {
        const spoiled = paths.filter(isSpoiled);
        expect(spoiled.filter(({ certain }) => certain)).toEqual([]);
      });

      it('ss -E tells the same destroys', () => {
        let compared = 0;
        for (const [netns, { since, byPort }] of freed) {
          for (const { at, lport, scenario } of lab.of('lab_socket').filter((socket) => socket.netns === netns)) {
            const rows = paths.filter((path) => path.netns === netns && path.lport === lport);
            // ss takes a moment to listen. A path whose destroy was lost was not seen to end.
            if (at < since + 0.5 || rows.length === 0 || rows.some(isSpoiled)) continue;
            expect(byPort.get(lport), `${scenario} ${lport}`).toBe(rows.length);
            compared++;
          }
        }
        expect(compared).toBeGreaterThan(sockets('dying').length / 4);
      });

      it("the kernel's abort counters agree with the causes", () => {
        const stages = lab.of('lab_start')[0]?.stages ?? [];
        const scenarios = lab.of('lab_start')[0]?.scenarios ?? {};
        let compared = 0;
        for (const [index, stage] of stages.entries()) {
          const here = paths.filter(({ netns }) => netns === stage.netns);
          if (!isWhole(stage.netns)) continue;
          const name = Object.keys(scenarios).find((key) => scenarios[key] === index);
          if (name === undefined) continue;
          const counters = lab.counters(name);
          const rows = (...ends: readonly (string | null)[]): number =>
            here.filter(({ ended_by }) => ends.includes(ended_by)).length;
          expect(counters.get('TcpExtTCPAbortOnClose'), stage.near).toBe(rows('unread_data'));
          expect(counters.get('TcpExtTCPAbortOnMemory'), stage.near).toBe(rows('orphan_limit', 'out_of_memory'));
          // The kernel counts a TCP_LINGER2 abort by where it happens: AbortOnLinger in close(), AbortOnData in softirq.
          const aborts = (counters.get('TcpExtTCPAbortOnData') ?? 0) + (counters.get('TcpExtTCPAbortOnLinger') ?? 0);
          expect(aborts, stage.near).toBe(rows('linger_zero', 'data_after_close', 'linger2'));
          // A connect() that timed out counts too.
          const beside = lab
            .of('lab_play')
            .filter(({ netns, scenario }) => netns === stage.netns && scenario === 'connect_timeout').length;
          expect(counters.get('TcpExtTCPAbortOnTimeout'), stage.near).toBe(
            rows('retries', 'window_probes', 'user_timeout', 'keepalive') + beside,
          );
          compared++;
        }
        expect(compared, 'stages without a loss').toBeGreaterThan(0);
      });
    },
    'python',
  );
}
