import { filterFromJson } from '../../filter/filter.ts';
import { EXIT, type ExitCode, Fault } from '../../kernel/fault.ts';
import { BACKENDS } from '../kernel/backend.ts';
import type { LiveOptions } from '../live.ts';

/**
 * How finwait and its reader talk. The reader is the child process that stays root: it runs bpftrace and reads /proc.
 *
 * - To the reader: a request as its one argument, then words on its stdin, one a line. The end of its stdin means that
 *   nobody wants it any more: it kills bpftrace and ends.
 * - From the reader: the stream's own lines on its stdout, and among them messages, which begin with `!` as no line of
 *   the wire does. One pipe for both keeps their order: the meta is there before the first line, a fault after the last.
 */
export type ReaderRequest = Pick<
  LiveOptions,
  'backend' | 'finwaitVersion' | 'filters' | 'only' | 'minAgeMs' | 'mapKeys'
>;

/** `go` begins, `stop` ends; `doubt` and `sure` are the fold's, for the inventory. */
export type Order = 'go' | 'stop' | 'doubt' | 'sure';

export type ReaderMessage =
  | { readonly kind: 'progress'; readonly text: string }
  /** The first line of a recording. */
  | { readonly kind: 'meta'; readonly json: string }
  /** The probes are attached and the inventory is in the stream. */
  | { readonly kind: 'attached' }
  /** Stopped before the probes were attached. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'ended'; readonly fault: Fault | null };

export const isMessage = (line: string): boolean => line.charCodeAt(0) === 0x21;

/** A line, without its break. */
export const formatMessage = (message: ReaderMessage): string => {
  switch (message.kind) {
    case 'progress':
      return `!progress ${JSON.stringify(message.text)}`;
    case 'meta':
      return `!meta ${message.json}`;
    case 'failed':
      return `!failed ${formatFault(message.fault)}`;
    case 'ended':
      return `!ended ${message.fault === null ? 'null' : formatFault(message.fault)}`;
    default:
      return `!${message.kind}`;
  }
};

/** @throws Error for a line that `formatMessage` does not make */
export const parseMessage = (line: string): ReaderMessage => {
  const [, kind, json = ''] = /^!(\w+)(?: (.*))?$/s.exec(line) ?? [];
  switch (kind) {
    case 'attached':
    case 'stopped':
      return { kind };
    case 'meta':
      return { kind, json };
    case 'progress': {
      const text: unknown = JSON.parse(json);
      if (typeof text === 'string') return { kind, text };
      break;
    }
    case 'failed':
      return { kind, fault: parseFault(JSON.parse(json)) };
    case 'ended':
      return { kind, fault: json === 'null' ? null : parseFault(JSON.parse(json)) };
  }
  throw new Error(`finwait's reader said ${line.slice(0, 200)}`);
};

const formatFault = ({ message, why, remedy, exitCode }: Fault): string =>
  JSON.stringify({ message, why, remedy, exitCode });

const parseFault = (value: unknown): Fault => {
  const field = (name: string): string => {
    const text: unknown = isRecord(value) ? value[name] : undefined;
    if (typeof text !== 'string') throw new Error(`finwait's reader told of a fault without its ${name}`);
    return text;
  };
  const code: unknown = isRecord(value) ? value['exitCode'] : undefined;
  const exitCode = Object.values<ExitCode>(EXIT).find((known) => known === code) ?? EXIT.failed;
  return new Fault(field('message'), { why: field('why'), remedy: field('remedy'), exitCode });
};

/** The argument that `parseRequest` reads. */
export const formatRequest = (request: ReaderRequest): string => JSON.stringify(request);

/** Takes nothing for granted, although finwait wrote it: it decides what root runs. @returns null for anything else */
export const parseRequest = (text: string): ReaderRequest | null => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  const { backend, finwaitVersion, filters, only, minAgeMs, mapKeys } = value;
  const wanted = backend === 'auto' ? backend : BACKENDS.find((known) => known === backend);
  if (wanted === undefined || typeof finwaitVersion !== 'string') return null;
  if (typeof minAgeMs !== 'number' || !(minAgeMs >= 0)) return null;
  if (mapKeys !== undefined && !isWhole(mapKeys, 1 << 20)) return null;
  if (!isRecord(filters) || !isRecord(only)) return null;
  const texts = Object.entries(filters).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const filter = filterFromJson(only);
  if (filter === null) return null;
  return {
    backend: wanted,
    finwaitVersion,
    filters: Object.fromEntries(texts),
    only: filter,
    minAgeMs,
    mapKeys,
  };
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isWhole = (value: unknown, most: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
