import type { Dying } from '../../src/explain/close-path.ts';
import { readRecording } from '../../src/record/reader.ts';
import { type OpenStream, openStream } from '../../src/stream/open-stream.ts';
import { createDecoder } from '../../src/wire/decode.ts';
import type { TimedEvent } from '../../src/wire/event.ts';

/** Orphans of a guest whose peer has shut its window after their close, and never reads. */
export type ShutWindows = { readonly netns: number; readonly count: number };

/** The words of a recording about sockets that live on. */
export type Living = {
  /** Looks whose number of lines was compared. */
  readonly looks: number;
  /** Orphans told of as they are. */
  readonly windows: number;
  readonly wrong: readonly string[];
};

/** The time from the last close until finwait is asked. */
const ASKED_NS = 5e9;
/** A line that is printed at the moment of a look may be in its number, or not. */
const MOMENT_NS = 300e6;

/** An orphan whose close the kernel skipped is known from a list alone. That it says so is right. */
const isListedAlone = ({ sk, gaps, waiting_for, deadline }: Dying): boolean =>
  sk === null && gaps.includes('close_not_observed') && waiting_for === 'unknown' && deadline === 'unknown';

/** Closes of such orphans that the kernel may skip. */
const MOST_SKIPPED = 3;

/** The faults in the rows of such orphans; none where each waits for its peer's window until a known time. */
export const faultsOfWindows = (rows: readonly Dying[], { count }: ShutWindows): readonly string[] => [
  ...(rows.length === count ? [] : [`shut windows: ${rows.length} rows of ${count} orphans`]),
  ...(rows.filter(isListedAlone).length > MOST_SKIPPED ? [`shut windows: the closes of many were missed`] : []),
  ...rows
    .filter((row) => !isListedAlone(row))
    .filter(({ waiting_for, side, deadline }) => waiting_for !== 'window' || side !== 'peer' || deadline !== 'at')
    .map(
      ({ lport, waiting_for, side, deadline }) =>
        `shut windows: port ${lport}: waiting_for is ${waiting_for}, side ${side}, deadline ${deadline}`,
    ),
];

/** Malformed lines that are shown. */
const MOST_SHOWN = 4;

type Line = { readonly at: number; readonly kind: TimedEvent['kind']; readonly told: number };
const NUMBERED: ReadonlySet<TimedEvent['kind']> = new Set(['announce', 'set_state', 'retransmit', 'reset']);

/**
 * The looks whose number of lines is not that of the lines before them: `told` counts the lines of this life, the
 * announcement included.
 */
export const faultsOfLooks = (
  events: readonly TimedEvent[],
): { readonly looks: number; readonly wrong: readonly string[] } => {
  const bySk = new Map<string, Line[]>();
  for (const event of events) {
    if (event.kind !== 'look' && !NUMBERED.has(event.kind)) continue;
    if (!('sk' in event)) continue;
    const lines = bySk.get(event.sk) ?? [];
    lines.push({ at: event.at, kind: event.kind, told: event.kind === 'look' ? event.told : 0 });
    bySk.set(event.sk, lines);
  }
  let looks = 0;
  const wrong: string[] = [];
  for (const [sk, unsorted] of bySk) {
    const lines = unsorted.toSorted((a, b) => a.at - b.at);
    for (const look of lines) {
      if (look.kind !== 'look') continue;
      const begun = lines.findLast(({ kind, at }) => kind === 'announce' && at <= look.at)?.at;
      if (begun === undefined) continue;
      const until = (end: number): number =>
        lines.filter(({ kind, at }) => kind !== 'look' && at >= begun && at <= end).length;
      looks++;
      const [least, most] = [until(look.at - MOMENT_NS), until(look.at + MOMENT_NS)];
      if (look.told < least || look.told > most) {
        wrong.push(`a look at ${sk} says ${look.told} lines, and ${until(look.at)} came before it`);
      }
    }
  }
  return { looks, wrong };
};

/**
 * Judges what a recording says of sockets that live on.
 *
 * @param isWhole - no event was lost: then each look's number is to be that of the lines that came
 */
export const judgeLiving = async (file: string, shut: ShutWindows, isWhole: boolean): Promise<Living> => {
  const events: TimedEvent[] = [];
  const malformed: string[] = [];
  const decode = createDecoder();
  let fold: OpenStream | null = null;
  let allSince: number | null = null;
  let rows: readonly Dying[] = [];
  await readRecording(file, {
    onMeta: (meta) => {
      fold = openStream(meta, { onEnd: () => {}, onLedger: () => {}, onNotice: () => {} });
    },
    onLine: (line) => {
      fold?.push(line);
      const event = decode(line);
      if (event?.kind === 'malformed') malformed.push(line);
      if (event === null || event.kind === 'hello' || event.kind === 'malformed') return undefined;
      events.push(event);
      const now = fold?.tracker.now() ?? 0;
      const isDue = allSince === null || now - allSince >= ASKED_NS;
      if (event.kind !== 'tick' || rows.length === shut.count || !isDue) return undefined;
      const found = [...(fold?.describeDying() ?? [])].filter(({ netns }) => netns === shut.netns);
      if (allSince !== null) rows = found;
      else if (found.length >= shut.count) allSince = now;
      return undefined;
    },
  });
  const { looks, wrong } = faultsOfLooks(events);
  return {
    looks,
    windows: rows.length,
    wrong: [
      ...faultsOfWindows(rows, shut),
      ...(looks === 0 ? ['no look was told of'] : []),
      ...(isWhole ? wrong : []),
      ...malformed.slice(0, MOST_SHOWN).map((line) => `malformed: ${JSON.stringify(line)}`),
    ],
  };
};
