import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type Deadline, deadlineOf } from '../../src/explain/deadline/deadline.ts';
import { createKernelClock } from '../../src/explain/deadline/kernel-clock.ts';
import { droppedHere } from '../../src/explain/evidence/dropped-here.ts';
import { recordOf } from '../../src/explain/evidence/record.ts';
import { TCP } from '../../src/kernel/tcp-state.ts';
import type { Sock } from '../../src/lifecycle/sock.ts';
import { readRecording } from '../../src/record/reader.ts';
import { openStream } from '../../src/stream/open-stream.ts';
import { createDecoder } from '../../src/wire/decode.ts';
import type { Hello } from '../../src/wire/event.ts';
import type { Meta } from '../../src/wire/meta.ts';
import { startFinwait, stopAll } from './finwait.ts';
import { makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker } from './worker.ts';

/** The seed of the draw. Another one makes other sockets. */
const SEED = Number(process.env['FINWAIT_SEED'] ?? 20_260);
/** The share of the time left that the timer wheel may add, and the time that reading two clocks takes. */
const WHEEL_SHARE = 0.13;
const SLACK_NS = 25e6;
/** The longest jiffy, with HZ 100. */
const JIFFY_NS = 10e6;
/** No case lives longer. */
const PATIENCE_MS = 25_000;

type How =
  | 'black_hole'
  | 'last_ack'
  | 'half_open'
  | 'window_silent'
  | 'window_answered'
  | 'dropped_unsent'
  | 'dropped_in_flight';
type Case = {
  readonly name: string;
  readonly how: How;
  readonly ip: string;
  readonly send?: number;
  readonly user_timeout?: number;
  readonly linger2?: number;
  readonly linger?: number;
  readonly rto_max?: number;
  readonly wait?: number;
  readonly rule: string;
};
type Ground = { readonly network: Network; readonly retries: number; readonly cases: readonly Case[] };
type Prediction = { readonly on: string; readonly now: number; readonly deadline: Extract<Deadline, { kind: 'at' }> };
type Life = { readonly predictions: Prediction[]; isNever: boolean; destroyedAt: number };

const hasRtoMax = existsSync('/proc/sys/net/ipv4/tcp_rto_max_ms');

/** mulberry32: the same seed gives the same sockets on every machine. */
const createDraw = (seed: number): ((low: number, high: number) => number) => {
  let state = seed;
  return (low, high) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return low + (((t ^ (t >>> 14)) >>> 0) % (high - low + 1));
  };
};

const FAR_IPS = ['10.231.0.2', '10.231.0.11', '10.231.0.12'] as const;

/** So few that the backoff of window probes stops below tcp_rto_max. */
const FEW_RETRIES2 = 2;
const retries2Of = (retries: number): number => (retries === 0 ? FEW_RETRIES2 : 15);

const drawCases = (draw: ReturnType<typeof createDraw>, retries: number): readonly Case[] => {
  const ip = (): string => FAR_IPS[draw(0, FAR_IPS.length - 1)] as string;
  const rtoMax = (): { rto_max: number } | object => (hasRtoMax ? { rto_max: draw(1000, 1900) } : {});
  const named = (name: string, how: How, rule: string, more: Partial<Case>): Case => ({
    name: `${name}, ${retries} retries`,
    how,
    ip: ip(),
    rule,
    ...more,
  });
  const timed = (): { user_timeout: number } => ({ user_timeout: draw(500, 3000) });
  const always = [
    named('user timeout', 'black_hole', 'user_timeout', { ...timed(), send: draw(0, 1) * 700 }),
    named('user timeout in LAST_ACK', 'last_ack', 'user_timeout', timed()),
    named('shut window, user timeout', 'window_silent', 'user_timeout', {
      // Shorter than the two probes that one retry would allow.
      user_timeout: draw(500, 1000),
      ip: FAR_IPS[0],
      wait: 0.3,
    }),
    named('half open, TCP_LINGER2', 'half_open', 'fin_wait2_timewait', { linger2: draw(61, 63) }),
    named('half open, tcp_fin_timeout', 'half_open', 'fin_wait2_timewait', {}),
    ...(hasRtoMax ? [named('rto_max', 'black_hole', 'retries', rtoMax())] : []),
  ];
  // Twice doubled, its RTO stays below any maximum that is drawn.
  const endless = named('answered probes without end', 'window_answered', 'never', {
    ...rtoMax(),
    ip: FAR_IPS[0],
    wait: 0.7,
  });
  if (retries === 0) return hasRtoMax ? [...always, endless] : always;
  return [
    ...always,
    named('black hole', 'black_hole', 'retries', {}),
    named('black hole with data', 'black_hole', 'retries', { send: 1000 }),
    named('closed late', 'black_hole', 'retries', { send: 1000, wait: draw(3, 12) / 10 }),
    named('last ACK', 'last_ack', 'retries', {}),
    named('lingering close', 'black_hole', 'retries', { send: 500, linger: 1 }),
    named('shut window', 'window_silent', 'window_probes', { wait: draw(1, 9) / 10 }),
    ...(hasRtoMax
      ? [named('answered probes', 'window_answered', 'window_probes', { ...rtoMax(), wait: draw(5, 9) / 10 })]
      : []),
  ];
};

/** Sockets whose segments this host itself drops. The worker gives each a device, so their address is not drawn. */
const drawDropped = (draw: ReturnType<typeof createDraw>, retries: number): readonly Case[] => {
  const named = (name: string, how: How, rule: string, tenths: number): Case => ({
    name: `${name}, ${retries} retries`,
    how,
    rule,
    ip: FAR_IPS[0],
    send: 700,
    wait: tenths / 10,
  });
  return [
    // The close finds the first attempt dropped.
    named('dropped here', 'dropped_unsent', 'window_probes', draw(3, 5)),
    // With fewer retries it has gone before anybody looks at it again.
    ...(retries < 3 ? [] : [named('dropped here in flight', 'dropped_in_flight', 'retries', draw(8, 12))]),
  ];
};

onRealKernel(
  'the deadline, on real sockets',
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'finwait-deadline-'));
    const file = join(directory, 'reaped.fwr');
    const networks: Network[] = [];
    const removeAll = async (): Promise<void> => {
      for (const network of networks.splice(0)) await network.remove();
    };

    /** Lets the kernel reap a draw of sockets while finwait records it. */
    const record = async (): Promise<ReadonlyMap<string, Case>> => {
      await removeAll();
      const ports = new Map<string, Case>();
      const grounds: Ground[] = [];
      const draw = createDraw(SEED);
      const drawOfDropped = createDraw(SEED);
      for (const retries of [0, 1, 2, 3]) {
        const network = await makeNetwork();
        networks.push(network);
        grounds.push({
          network,
          retries,
          cases: [...drawCases(draw, retries), ...drawDropped(drawOfDropped, retries)],
        });
        const { near, far } = network;
        await near.sysctl('net.ipv4.tcp_orphan_retries', retries);
        await near.sysctl('net.ipv4.tcp_retries2', retries2Of(retries));
        await near.sysctl('net.ipv4.tcp_fin_timeout', draw(61, 63));
        // Without the cached metrics of earlier connections the first icsk_rto is the route's own.
        await near.sysctl('net.ipv4.tcp_no_metrics_save', 1);
        for (const ip of FAR_IPS.slice(1)) {
          await far.run('ip', 'addr', 'add', `${ip}/24`, 'dev', 'veth0');
          await near.run('ip', 'route', 'add', ip, 'dev', 'veth0', 'rto_min', `${draw(210, 450)}ms`);
        }
      }
      const run = startFinwait(['record', '-o', file]);
      await run.until('it records', () => /record/i.test(run.stderr()), 60_000);
      const workers = grounds.map(({ network: { near, far }, cases }) => {
        const worker = startWorker(near, 'reaped.py', near.name, far.name, near.v4);
        worker.say(JSON.stringify(cases));
        return { worker, near, cases };
      });
      for (const { worker, near, cases } of workers) {
        for (const _ of cases) {
          const { name, lport, rport } = await worker.hear('made', PATIENCE_MS);
          const made = cases.find((one) => one.name === name);
          if (made !== undefined) ports.set(`${near.inode} ${lport} ${rport}`, made);
        }
        await worker.hear('done', PATIENCE_MS);
      }
      const until = performance.now() + PATIENCE_MS;
      const left = async (): Promise<number> => {
        let sum = 0;
        for (const { network } of grounds) {
          sum += await network.near.count('FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSING', 'LAST-ACK');
        }
        return sum;
      };
      const endless = hasRtoMax ? 1 : 0;
      while ((await left()) > endless && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, 250));
      await new Promise((resolve) => setTimeout(resolve, 300));
      await run.stop();
      for (const { worker } of workers) await worker.kill();
      return ports;
    };

    afterAll(async () => {
      await stopAll();
      await removeAll();
      rmSync(directory, { recursive: true, force: true });
    });

    it('the kernel reaps each socket between its deadline and 13 % after, or at the tick told for overdue timers', async () => {
      // The test itself records: it is made again when a destroy is missing, because the kernel skipped a probe.
      const ports = await record();
      const lives = await readLives(file, ports);
      const lines: string[] = [];
      const faults: string[] = [];
      for (const [name, { predictions, destroyedAt }] of [...lives].sort()) {
        for (const [index, { on, now, deadline }] of predictions.entries()) {
          // Overdue timers may make an earlier tick the last, but only the tick that was told.
          const ifOverdue =
            deadline.ifOverdueAt !== null && destroyedAt < deadline.at - JIFFY_NS ? deadline.ifOverdueAt : null;
          const at = ifOverdue ?? (isSilenced(name) ? deadline.at : (deadline.ifAnsweredAt ?? deadline.at));
          // The wheel may add a share of the whole time that a timer was set for. A look comes amid that time.
          const set = predictions.slice(0, index + 1).findLast((each) => !each.on.startsWith('W'));
          const left = at - (set?.now ?? now);
          const error = destroyedAt - at;
          const expected = (destroyedAt - deadline.expectedAt) / 1e6;
          const share = (100 * error) / Math.max(left, 1);
          const line = `${name} | ${index} ${on} | ${deadline.rule} | left ${(left / 1e6).toFixed(0)} ms | ${(error / 1e6).toFixed(0)} ms, ${share.toFixed(1)} % | to expected ${expected.toFixed(0)} ms`;
          lines.push(line);
          // A socket that was never seen to end is a fault too.
          if (!(error >= -JIFFY_NS && error <= WHEEL_SHARE * left + SLACK_NS)) faults.push(line);
          // This holds whatever its peer did.
          if (!(destroyedAt >= (ifOverdue ?? deadline.at) - JIFFY_NS)) faults.push(`${line}: before deadline_at`);
        }
      }
      process.stderr.write(`seed ${SEED}\n${lines.join('\n')}\n`);
      expect(faults).toEqual([]);
      const made = [...ports.values()];
      expect([...lives.keys()].sort()).toEqual(made.map(({ name }) => name).sort());
      for (const { name, rule } of made) {
        const life = lives.get(name);
        expect(`${name}: ${life?.isNever ? 'never' : life?.predictions[0]?.deadline.rule}`).toBe(`${name}: ${rule}`);
        // All others have gone by then: three retries take longer than this one would if its backoff went on.
        expect(`${name}: ${Number.isNaN(life?.destroyedAt)}`).toBe(`${name}: ${rule === 'never'}`);
      }
    });
  },
  'python',
);

/** The peer answered window probes while the socket was open, and none since. */
const isSilenced = (name: string): boolean => name.startsWith('shut window');

/** The deadlines finwait would have told at each new line about each socket, and the time the kernel destroyed it. */
const readLives = async (file: string, ports: ReadonlyMap<string, Case>): Promise<ReadonlyMap<string, Life>> => {
  const lives = new Map<string, Life>();
  // Kept by name: the tracker gives copies of a sock that was silent for a while.
  const last = new Map<string, string>();
  const decode = createDecoder();
  let meta: Meta | null = null;
  let hello: Hello | null = null;
  let fold: ReturnType<typeof openStream> | null = null;
  const caseOf = (sock: Sock, from: Hello): string | undefined => {
    const { detail } = recordOf(sock, from);
    return ports.get(`${detail.netns} ${detail.lport} ${detail.rport}`)?.name;
  };
  await readRecording(file, {
    onMeta: (read) => {
      meta = read;
      fold = openStream(read, {
        onEnd: (sock) => {
          const name = hello === null ? undefined : caseOf(sock, hello);
          const life = name === undefined ? undefined : lives.get(name);
          if (life !== undefined) life.destroyedAt = sock.destroyedAt ?? Number.NaN;
        },
        onLedger: () => {},
        onNotice: (text) => process.stderr.write(`${text}\n`),
      });
    },
    onLine: (line) => {
      if (meta === null || fold === null) throw new Error('a line before the meta');
      if (hello === null) {
        const event = decode(line);
        if (event?.kind === 'hello') hello = event;
      }
      fold.push(line);
      if (hello === null) return undefined;
      const clock = createKernelClock(meta, hello);
      for (const sock of fold.tracker.live()) {
        const key = `${sock.sk}/${sock.generation}`;
        const evidence = `${sock.state} ${sock.latestAt ?? sock.announcedAt}`;
        if (sock.destroyedAt !== null || last.get(key) === evidence) continue;
        last.set(key, evidence);
        const name = caseOf(sock, hello);
        if (name === undefined) continue;
        const record = recordOf(sock, hello);
        // Told before the first attempt failed, it is that of one that leaves this host.
        if (name.startsWith('dropped') && droppedHere(record) !== 'yes') continue;
        const deadline = deadlineOf(record, {
          hello,
          clock,
          now: fold.tracker.now(),
          pressure: { orphans: null, maxOrphans: null, memPages: null, memHigh: null },
        });
        const life = lives.get(name) ?? { predictions: [], isNever: false, destroyedAt: Number.NaN };
        lives.set(name, life);
        const on = `${(sock.latest ?? 'A').slice(0, 1)}${sock.state}`;
        // Its peer is not silent before the FIN's ACK has come.
        if (name.startsWith('half open') && sock.state !== TCP.FIN_WAIT2) continue;
        if (deadline.kind === 'at') life.predictions.push({ on, now: fold.tracker.now(), deadline });
        else if (deadline.kind === 'never') life.isNever = true;
        else if (sock.state !== TCP.CLOSE)
          throw new Error(`${name} ${on}: ${deadline.kind}: ${deadline.because.join('; ')}`);
      }
      return undefined;
    },
  });
  return lives;
};
