import * as v from 'valibot';
import { asciiJson } from './ascii-json.ts';
import { type HostFacts, MAX_HOST_JSON, MAX_LISTED } from './host-facts.ts';

const MAX_NOTES = 20;

const number = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const maybe = v.nullable(number);
const port = v.pipe(number, v.maxValue(65_535));
const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
/** Characters of an address: it reaches the terminal as it is. */
const address = v.pipe(v.string(), v.regex(/^[0-9a-f.:]{2,45}$/));
/** A text that is too long is rejected: no copy is made of it. */
const list = <T extends v.GenericSchema>(item: T, most = MAX_LISTED) =>
  v.pipe(v.array(v.unknown()), v.maxLength(most), v.array(item));

const holder = v.object({ pid: number, comm: text(64) });
const holders = v.nullable(list(holder, 3));
const listener = v.nullable(v.object({ laddr: address, lport: port, holders }));
const tuple = {
  netns: number,
  family: v.picklist(['ipv4', 'ipv6']),
  laddr: address,
  lport: port,
  raddr: address,
  rport: port,
};
const closeWait = v.object({
  ...tuple,
  inode: maybe,
  unread_bytes: number,
  all_read: v.boolean(),
  min_ms: maybe,
  max_ms: maybe,
  holders,
  holder_count: maybe,
  listener,
});
const group = v.object({
  netns: number,
  holder: v.nullable(holder),
  count: number,
  unread_bytes: number,
  all_read: number,
  min_ms: maybe,
  max_ms: maybe,
});
const ownerless = v.object({
  ...tuple,
  why: v.picklist(['not_accepted', 'no_socket', 'no_fd']),
  inode: maybe,
  unread_bytes: number,
  listener,
});
const before = v.nullable(v.object({ count: number, newest_ms: maybe }));

/** Every field must be there and good. Other fields, of a newer finwait or a forger, are not kept. */
const hostFacts = v.object({
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
  sees_all_processes: v.boolean(),
  close_wait: v.object({
    count: number,
    not_accepted: number,
    unread_bytes: number,
    by_holder: list(group),
    listed: list(closeWait),
  }),
  ownerless: v.object({
    count: maybe,
    not_accepted: number,
    no_socket: number,
    no_fd: maybe,
    listed: list(ownerless),
  }),
  kernel_log: v.object({ is_readable: v.boolean(), orphans_before: before, memory_before: before }),
  notes: list(text(500), MAX_NOTES),
});

/** Reads an `h` line's JSON. @returns null where it is too long, no JSON, or of another shape; never throws */
export const parseHostFacts = (json: string): HostFacts | null => {
  if (json.length > MAX_HOST_JSON) return null;
  try {
    const read = v.safeParse(hostFacts, JSON.parse(json), { abortEarly: true });
    return read.success ? read.output : null;
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

/** The first ones of a list. The last entry tells how many more there were. */
const fewer = (notes: readonly string[]): readonly string[] =>
  notes.length <= MAX_NOTES
    ? notes
    : [...notes.slice(0, MAX_NOTES - 1), `and ${notes.length - MAX_NOTES + 1} more things that are not known`];
