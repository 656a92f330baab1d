import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Holds the lines of a recording up so that its time passes `speed` times as fast as the wall clock's. The probes'
 * ticks, ten a second, are the metronome.
 */
export const createPace = (speed: number, signal: AbortSignal): ((line: string) => Promise<void> | undefined) => {
  let first: { readonly event: number; readonly wall: number } | null = null;
  return (line) => {
    if (speed === Number.POSITIVE_INFINITY || line.charCodeAt(0) !== 0x43) return undefined;
    const event = Number(line.slice(2)) / 1e6;
    first ??= { event, wall: performance.now() };
    const wait = (event - first.event) / speed - (performance.now() - first.wall);
    if (!(wait > 1)) return undefined;
    return sleep(Math.min(wait, 60_000), undefined, { signal }).catch(() => undefined);
  };
};
