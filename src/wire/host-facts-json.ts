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

/** A value that may be part of an `h` line. */
type Shape<T> = {
  readonly is: (value: unknown) => value is T;
  /** A copy of what is known of it: what a newer finwait, or a forger, put beside it is not kept. */
  readonly known: (value: unknown) => unknown;
};

const leaf = <T>(is: (value: unknown) => value is T): Shape<T> => ({ is, known: (value) => value });

const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const number = leaf(isNumber);
const port = leaf((value): value is number => isNumber(value) && value <= 65_535);
const boolean = leaf((value): value is boolean => typeof value === 'boolean');
const text = (most: number): Shape<string> =>
  leaf((value): value is string => typeof value === 'string' && value.length <= most);
const family = leaf((value): value is 'ipv4' | 'ipv6' => value === 'ipv4' || value === 'ipv6');
const why = leaf(
  (value): value is Ownerless['why'] => value === 'not_accepted' || value === 'no_socket' || value === 'no_fd',
);
/** What an address is written with: it reaches the terminal as it is. */
const address = leaf((value): value is string => typeof value === 'string' && /^[0-9a-f.:]{2,45}$/.test(value));

const nullable = <T>({ is, known }: Shape<T>): Shape<T | null> => ({
  is: (value): value is T | null => value === null || is(value),
  known,
});
const list = <T>({ is, known }: Shape<T>, most = MAX_LISTED): Shape<readonly T[]> => ({
  is: (value): value is readonly T[] => Array.isArray(value) && value.length <= most && value.every(is),
  // One that is too long is none: no copy is made of it.
  known: (value) => (Array.isArray(value) && value.length <= most ? value.map(known) : null),
});
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** Every field of `fields` must be there and good. */
const record = <T extends object>(fields: { readonly [K in keyof T]: Shape<T[K]> }): Shape<T> => {
  const names: readonly string[] = Object.keys(fields);
  const shapes: ReadonlyMap<string, Shape<unknown>> = new Map(Object.entries(fields));
  return {
    is: (value): value is T => {
      if (!isObject(value)) return false;
      for (const name in fields) if (!Object.hasOwn(value, name) || !fields[name].is(value[name])) return false;
      return true;
    },
    known: (value) =>
      isObject(value)
        ? Object.fromEntries(
            names
              .filter((name) => Object.hasOwn(value, name))
              .map((name) => [name, shapes.get(name)?.known(value[name])]),
          )
        : value,
  };
};

const maybe = nullable(number);
const holder = record<Holder>({ pid: number, comm: text(64) });
const holders = nullable(list(holder, 3));
const listener = record<Listener>({ laddr: address, lport: port, holders });
const tuple = { netns: number, family, laddr: address, lport: port, raddr: address, rport: port };
const closeWait = record<CloseWait>({
  ...tuple,
  inode: maybe,
  unread_bytes: number,
  all_read: boolean,
  min_ms: maybe,
  max_ms: maybe,
  holders,
  holder_count: maybe,
  listener: nullable(listener),
});
const group = record<CloseWaitGroup>({
  netns: number,
  holder: nullable(holder),
  count: number,
  unread_bytes: number,
  all_read: number,
  min_ms: maybe,
  max_ms: maybe,
});
const ownerless = record<Ownerless>({
  ...tuple,
  why,
  inode: maybe,
  unread_bytes: number,
  listener: nullable(listener),
});
const before = nullable(record<LoggedBefore>({ count: number, newest_ms: maybe }));

const hostFacts = record<HostFacts>({
  took_ms: number,
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
  namespaces: number,
  unreadable: number,
  sees_all_processes: boolean,
  close_wait: record<HostFacts['close_wait']>({
    count: number,
    not_accepted: number,
    unread_bytes: number,
    by_holder: list(group),
    listed: list(closeWait),
  }),
  ownerless: record<HostFacts['ownerless']>({
    count: maybe,
    not_accepted: number,
    no_socket: number,
    no_fd: maybe,
    listed: list(ownerless),
  }),
  kernel_log: record<HostFacts['kernel_log']>({
    is_readable: boolean,
    orphans_before: before,
    memory_before: before,
  }),
  notes: list(text(500), MAX_NOTES),
});

/** Reads an `h` line's JSON. @returns null where it is too long, no JSON, or of another shape; never throws */
export const parseHostFacts = (json: string): HostFacts | null => {
  if (json.length > MAX_HOST_JSON) return null;
  try {
    const value = hostFacts.known(JSON.parse(json));
    return hostFacts.is(value) ? value : null;
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
