import { TCP_STATES, type TcpState } from '../kernel/tcp-state.ts';

/** An option does not take this value. The message says which values it takes. */
export class Refused extends Error {}

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A Node timer waits no longer than this; with a longer time it fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** `10ms`, `30s`, `2m`, or 0; milliseconds. @throws Refused without a unit, or above 24 days */
export const readDuration = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text);
  if (match === null) {
    if (text === '0') return 0;
    throw new Refused('give a number and a unit: 500us, 10ms, 30s, 2m, 1h');
  }
  const ms = Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
  if (ms > LONGEST_MS) throw new Refused('give at most 596h');
  return ms;
};

/** @throws Refused for anything but ports */
export const readPorts = (text: string): readonly number[] =>
  text.split(',').map((part) => {
    const port = Number(part);
    if (!/^\d+$/.test(part) || port > 65_535) throw new Refused('give ports from 0 to 65535, separated by commas');
    return port;
  });

/** @throws Refused for anything but a whole number */
export const readCount = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new Refused('give a whole number');
  return Number(text);
};

/**
 * Takes the spelling of the kernel, of ss or of the user: `TCP_FIN_WAIT1`, `fin-wait-1`.
 *
 * @throws Refused for anything else
 */
export const readState = (text: string): TcpState => {
  const wanted = text
    .toUpperCase()
    .replaceAll('-', '_')
    .replace(/^TCP_/, '')
    .replace(/_(\d)$/, '$1');
  const state = TCP_STATES.slice(1).find((name) => name === wanted);
  if (state === undefined) throw new Refused(`give a TCP state: ${TCP_STATES.slice(1).join(', ')}`);
  return state;
};
