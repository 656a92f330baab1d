import { asciiJson } from './ascii-json.ts';
import {
  type CloseWait,
  type CloseWaitGroup,
  type Holder,
  type HostFacts,
  type Listener,
  type LoggedBefore,
  MAX_HOST_JSON,
  MAX_LISTED,
  type Ownerless,
} from './host-facts.ts';

const MAX_NOTES = 20;

type Is<T> = (value: unknown) => value is T;

const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isPort = (value: unknown): value is number => isNumber(value) && value <= 65_535;
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isText =
  (most: number): Is<string> =>
  (value): value is string =>
    typeof value === 'string' && value.length <= most;
const isFamily = (value: unknown): value is 'ipv4' | 'ipv6' => value === 'ipv4' || value === 'ipv6';
const isWhy = (value: unknown): value is Ownerless['why'] =>
  value === 'not_accepted' || value === 'no_socket' || value === 'no_fd';
/** What an address is written with: it reaches the terminal as it is. */
const isAddress = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f.:]{2,45}$/.test(value);

const nullable =
  <T>(is: Is<T>): Is<T | null> =>
  (value): value is T | null =>
    value === null || is(value);
const list =
  <T>(is: Is<T>, most = MAX_LISTED): Is<readonly T[]> =>
  (value): value is readonly T[] =>
    Array.isArray(value) && value.length <= most && value.every(is);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** Every field of `fields` must be there and good; others may be, from a newer finwait. */
const record =
  <T extends object>(fields: { readonly [K in keyof T]: Is<T[K]> }): Is<T> =>
  (value): value is T => {
    if (!isObject(value)) return false;
    for (const name in fields) if (!Object.hasOwn(value, name) || !fields[name](value[name])) return false;
    return true;
  };

const maybe = nullable(isNumber);
const holder = record<Holder>({ pid: isNumber, comm: isText(64) });
const holders = nullable(list(holder, 3));
const listener = record<Listener>({ laddr: isAddress, lport: isPort, holders });
const tuple = { netns: isNumber, family: isFamily, laddr: isAddress, lport: isPort, raddr: isAddress, rport: isPort };
const closeWait = record<CloseWait>({
  ...tuple,
  inode: maybe,
  unread_bytes: isNumber,
  all_read: isBoolean,
  min_ms: maybe,
  max_ms: maybe,
  holders,
  holder_count: maybe,
  listener: nullable(listener),
});
const group = record<CloseWaitGroup>({
  netns: isNumber,
  holder: nullable(holder),
  count: isNumber,
  unread_bytes: isNumber,
  all_read: isNumber,
  min_ms: maybe,
  max_ms: maybe,
});
const ownerless = record<Ownerless>({
  ...tuple,
  why: isWhy,
  inode: maybe,
  unread_bytes: isNumber,
  listener: nullable(listener),
});
const before = nullable(record<LoggedBefore>({ count: isNumber, newest_ms: maybe }));

const isHostFacts = record<HostFacts>({
  took_ms: isNumber,
  orphans: maybe,
  orphan_limit: maybe,
  time_wait: maybe,
  sockets_allocated: maybe,
  page_bytes: maybe,
  mem_pages: maybe,
  mem_low_pages: maybe,
  mem_pressure_pages: maybe,
  mem_high_pages: maybe,
  orphan_mem_bytes: maybe,
  namespaces: isNumber,
  unreadable: isNumber,
  sees_all_processes: isBoolean,
  close_wait: record<HostFacts['close_wait']>({
    count: isNumber,
    not_accepted: isNumber,
    unread_bytes: isNumber,
    by_holder: list(group),
    listed: list(closeWait),
  }),
  ownerless: record<HostFacts['ownerless']>({
    count: maybe,
    not_accepted: isNumber,
    no_socket: isNumber,
    no_fd: maybe,
    listed: list(ownerless),
  }),
  kernel_log: record<HostFacts['kernel_log']>({
    is_readable: isBoolean,
    orphans_before: before,
    memory_before: before,
  }),
  notes: list(isText(500), MAX_NOTES),
});

/** Reads an `h` line's JSON. @returns null where it is too long, no JSON, or of another shape; never throws */
export const parseHostFacts = (json: string): HostFacts | null => {
  if (json.length > MAX_HOST_JSON) return null;
  try {
    const value: unknown = JSON.parse(json);
    return isHostFacts(value) ? value : null;
  } catch {
    return null;
  }
};

/**
 * The JSON of an `h` line: printable ASCII, whatever the names in it hold, and never longer than a reader takes. Lists
 * are cut to fit; the counts beside them stay.
 */
export const formatHostFacts = (facts: HostFacts): string => {
  for (let most = MAX_LISTED; ; most = most >> 1) {
    const json = asciiJson(cut(facts, most));
    if (json.length <= MAX_HOST_JSON || most === 0) return json;
  }
};

const cut = (facts: HostFacts, most: number): HostFacts => ({
  ...facts,
  close_wait: {
    ...facts.close_wait,
    by_holder: facts.close_wait.by_holder.slice(0, most),
    listed: facts.close_wait.listed.slice(0, most),
  },
  ownerless: { ...facts.ownerless, listed: facts.ownerless.listed.slice(0, most) },
  notes: fewer(facts.notes).map((note) => note.slice(0, 500)),
});

/** The first of them; the last tells how many more there were. */
const fewer = (notes: readonly string[]): readonly string[] =>
  notes.length <= MAX_NOTES
    ? notes
    : [...notes.slice(0, MAX_NOTES - 1), `and ${notes.length - MAX_NOTES + 1} more things that are not known`];
