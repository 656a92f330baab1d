import * as v from 'valibot';
import { filterFromJson } from '../../filter/filter.ts';
import type { PathFilter } from '../../filter/table.ts';
import { EXIT, Fault } from '../../kernel/fault.ts';
import { BACKENDS } from '../kernel/backend.ts';
import type { LiveOptions } from '../live.ts';

/**
 * The talk between finwait and its reader. The reader is the child process that stays root: it runs bpftrace, reads
 * /proc.
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
    case 'ended': {
      if (kind === 'ended' && json === 'null') return { kind, fault: null };
      const fault = parseFault(json);
      if (fault !== null) return { kind, fault };
      break;
    }
  }
  throw new Error(`finwait's reader said ${line.slice(0, 200)}`);
};

const formatFault = ({ message, why, remedy, exitCode }: Fault): string =>
  JSON.stringify({ message, why, remedy, exitCode });

const faultShape = v.object({
  message: v.string(),
  why: v.string(),
  remedy: v.string(),
  exitCode: v.fallback(v.picklist(Object.values(EXIT)), EXIT.failed),
});

const parseFault = (json: string): Fault | null => {
  const read = v.safeParse(faultShape, JSON.parse(json));
  if (!read.success) return null;
  const { message, ...detail } = read.output;
  return new Fault(message, detail);
};

/** The argument that `parseRequest` reads. */
export const formatRequest = (request: ReaderRequest): string => JSON.stringify(request);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): value is Record<string, string> =>
  isRecord(value) && Object.values(value).every((each) => typeof each === 'string');

/** Each row of the filter table checks its own value. */
const filter = v.pipe(
  v.custom<Record<string, unknown>>(isRecord),
  v.transform(filterFromJson),
  v.custom<PathFilter>((read) => read !== null),
);

const requestShape = v.object({
  backend: v.picklist(['auto', ...BACKENDS]),
  finwaitVersion: v.string(),
  filters: v.custom<Record<string, string>>(isTexts),
  only: filter,
  minAgeMs: v.pipe(v.number(), v.minValue(0)),
  mapKeys: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1 << 20))),
});

/** Takes nothing for granted, although finwait wrote it: it decides what root runs. @returns null for anything else */
export const parseRequest = (text: string): ReaderRequest | null => {
  try {
    return { mapKeys: undefined, ...v.parse(requestShape, JSON.parse(text)) };
  } catch {
    return null;
  }
};
