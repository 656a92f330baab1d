import { WHEEL_SHARE } from '../../src/explain/kernel/wheel.ts';
import type { Sock } from '../../src/lifecycle/sock.ts';
import { readRecording } from '../../src/record/reader.ts';
import { type OpenStream, openStream } from '../../src/stream/open-stream.ts';
import { parseAnnounce } from '../../src/wire/evidence.ts';

/** A socket that a guest let the kernel reap: its namespace has this tcp_orphan_retries, and this tcp_rto_max_ms if any. */
export type OddRetries = {
  readonly retries: number;
  readonly rtoMaxMs: number | null;
  readonly netns: number;
  readonly lport: number;
  readonly rport: number;
};

/** The deadline that was told, in ns of the capture. */
export type Told = {
  readonly now: number;
  readonly at: number;
  readonly ifOverdueAt: number | null;
  readonly rule: string;
};

export type Life = {
  readonly told: Told[];
  /** Null: never. */
  destroyedAt: number | null;
  /** The longest that the guest stood still meanwhile: between two ticks of the capture, which has ten a second. */
  stalled: number;
};

/** The time that reading two clocks takes. */
const JIFFY_NS = 10e6;
/**
 * An emulated CPU's timers may be overdue by this much. A tick that finwait did not expect to be the last would be off
 * by 0.8 s or more.
 */
const OVERDUE_NS = 500e6;
/** A guest that stood still for longer than this lagged itself: faults found then say nothing. */
const STALL_NS = 500e6;
/** That timer fires each TCP_RTO_MAX; the wheel's delays may bring it there one firing earlier. */
const A_TICK_NS = 120e9;
/** tcp_orphan_retries 255: 1023 times 0.2 s, then 246 times TCP_RTO_MAX. @see Linux net/ipv4/tcp_timer.c, tcp_model_timeout */
const LEAST_255_NS = (1023 * 0.2 + 246 * 120) * 1e9;

/** finwait's words about each socket while it was dying, from a recording. */
const readLives = async (file: string, sockets: readonly OddRetries[]): Promise<ReadonlyMap<OddRetries, Life>> => {
  const lives = new Map<OddRetries, Life>(
    sockets.map((socket) => [socket, { told: [], destroyedAt: null, stalled: 0 }]),
  );
  let ticked: number | null = null;
  // By name and not by object: the tracker gives copies of a sock that was silent for a while.
  const whose = new Map<string, OddRetries | undefined>();
  const seen = new Map<string, number | null>();
  const nameOf = ({ sk, generation }: Sock): string => `${sk}/${generation}`;
  const lifeOf = (sock: Sock): Life | undefined => {
    const name = nameOf(sock);
    if (!whose.has(name)) {
      const { netns, lport, rport } = parseAnnounce(sock.announce.line);
      whose.set(
        name,
        sockets.find((one) => one.netns === netns && one.lport === lport && one.rport === rport),
      );
    }
    const odd = whose.get(name);
    return odd === undefined ? undefined : lives.get(odd);
  };
  let fold: OpenStream | null = null;
  await readRecording(file, {
    onMeta: (meta) => {
      fold = openStream(meta, {
        onEnd: (sock) => {
          const life = lifeOf(sock);
          if (life !== undefined) life.destroyedAt = sock.destroyedAt;
        },
        onLedger: () => {},
        onNotice: () => {},
      });
    },
    onLine: (line) => {
      fold?.push(line);
      if (line.startsWith('C ')) {
        const at = fold?.tracker.now() ?? 0;
        const since = at - (ticked ?? at);
        ticked = at;
        for (const life of lives.values())
          if (life.told.length > 0 && life.destroyedAt === null) life.stalled = Math.max(life.stalled, since);
      }
      for (const sock of fold?.tracker.live() ?? []) {
        if (sock.destroyedAt !== null || seen.get(nameOf(sock)) === sock.latestAt) continue;
        seen.set(nameOf(sock), sock.latestAt);
        const life = lifeOf(sock);
        const deadline = life === undefined ? null : fold?.deadline(sock);
        if (deadline?.kind === 'at') {
          const { at, ifOverdueAt, rule } = deadline;
          life?.told.push({ now: fold?.tracker.now() ?? 0, at, ifOverdueAt, rule });
        }
      }
      return undefined;
    },
  });
  return lives;
};

const seconds = (ns: number): string => `${(ns / 1e9).toFixed(2)} s`;

const isAbout = (destroyedAt: number, { now }: Told, at: number): boolean =>
  destroyedAt - at >= -JIFFY_NS && destroyedAt - at <= WHEEL_SHARE * (at - now) + OVERDUE_NS;

/**
 * The faults of one socket: empty where the kernel reaped it between its deadline and 13 % after, or at the earlier
 * tick that was told for overdue timers.
 */
export const faultsOfLife = (
  { retries }: Pick<OddRetries, 'retries'>,
  { told, destroyedAt }: Pick<Life, 'told' | 'destroyedAt'>,
): readonly string[] => {
  if (told.length === 0) return ['no deadline was told'];
  return told.flatMap((one) => {
    const { now, at, ifOverdueAt, rule } = one;
    if (rule !== 'retries') return [`its deadline is by ${rule}`];
    if (retries === 255) {
      if (destroyedAt !== null) return ['it was reaped'];
      const whole = at - (told[0]?.now ?? 0);
      return whole >= LEAST_255_NS - A_TICK_NS && whole <= LEAST_255_NS * 1.05
        ? []
        : [`its deadline is ${seconds(whole)} after its close`];
    }
    if (destroyedAt === null) return ['it was not reaped'];
    if (isAbout(destroyedAt, one, at) || (ifOverdueAt !== null && isAbout(destroyedAt, one, ifOverdueAt))) return [];
    return [`reaped ${seconds(destroyedAt - at)} after a deadline that was ${seconds(at - now)} away`];
  });
};

/** The faults in the deadlines of one socket, and the reason if they prove nothing; null if they prove something. */
export type DeadlineVerdict = { readonly wrong: readonly string[]; readonly disturbed: string | null };

/** Each socket that a guest let be reaped, by name: `8`, or `0, rto_max 1000 ms`. */
export const judgeDeadlines = async (
  file: string,
  sockets: readonly OddRetries[],
): Promise<Readonly<Record<string, DeadlineVerdict>>> => {
  const lives = await readLives(file, sockets);
  return Object.fromEntries(
    [...lives].map(([odd, life]) => [
      `${odd.retries}${odd.rtoMaxMs === null ? '' : `, rto_max ${odd.rtoMaxMs} ms`}`,
      judgeLife(odd, life),
    ]),
  );
};

export const judgeLife = (odd: Pick<OddRetries, 'retries'>, life: Life): DeadlineVerdict => {
  const wrong = faultsOfLife(odd, life);
  const isDisturbed = wrong.length > 0 && life.stalled > STALL_NS;
  return { wrong, disturbed: isDisturbed ? `the guest stood still for ${seconds(life.stalled)}: ${wrong[0]}` : null };
};
