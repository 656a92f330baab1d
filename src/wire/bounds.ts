/**
 * The limits of the memory that finwait uses for a stream. A recording is packed: some kilobytes may unpack to
 * gigabytes, made by somebody who wants to exhaust the reader. Each bound is above the needs of a host in the worst
 * trouble. Anything beyond it is counted and reported; see docs/recording.md.
 */
export const BOUNDS = {
  /**
   * A recording's text may be this many times its packed size, beyond the first `FREE_TEXT` bytes. Recordings of real
   * hosts have 2 to 10, those packed with zstd -19 up to 10. An inventory of 131,072 orphans alone has 19, and 33 with
   * -19.
   */
  expansion: 20,
  /** Bytes of text that are read whatever the packed size: more than an inventory of 131,072 orphans has. */
  freeText: 8_000_000,
  /**
   * log2 of the bytes that a frame may refer back: 8 MB, as zstd has up to level 19. finwait writes 2 MB. A frame that
   * asks for more makes the reader hold as much.
   */
  windowLog: 23,
  /** Characters of a notice, a reason or a line of the kernel's log; finwait's have 200, printk's at most 1,000. */
  text: 1024,
  /**
   * Bytes of lines that wait to be put in order, the events' own bytes included: 300,000 lines. The kernel's buffers of
   * all CPUs together hold as many, and only those of one CPU wait for another's.
   */
  reorderBytes: 128 * 1024 * 1024,
  /** CPUs that are told apart. Nobody waits for the lines of others. */
  cpus: 1024,
  /** The own bytes of an event beside its line … */
  eventBytes: 200,
  /** … and of a reading, which has three times the fields. */
  readingBytes: 500,
  /**
   * Orphans of one inventory, and sockets that close while the first one is taken: tcp_max_orphans of the largest
   * hosts.
   */
  inventory: 262_144,
  /** Classes of fast deaths: the probes' map has 4,096. */
  tallies: 16_384,
  /** Counts of abnormal ends by kind, closer and port: the probes have 1,024, and some for what did not fit. */
  ends: 4096,
  /** Transitions kept of one dying socket: the kernel makes five at most. */
  moves: 64,
  /**
   * Dying sockets that cannot be packed out of the heap, most of them because of resets: a socket that was reset is
   * soon destroyed. The same bound holds for those whose close() waits for SO_LINGER: each holds a thread.
   */
  unpacked: 32_768,
  /** Destroyed sockets that wait 5 ms for a reset that may follow: 400,000 closes a second make 2,000. */
  ended: 16_384,
  /** Samples that wait until every close before them has been announced. One comes a second. */
  samples: 512,
  /** Sockets compared with later inventories. Each listed orphan adds one. */
  compared: 300_000,
  /** Notices to the user: this many at once, then one for so many lines of the stream. */
  notices: 100,
  noticeLines: 10_000,
  /** Bounds of the meta: names of reset reasons, namespaces with sysctls, names of each. Linux has 24 reasons. */
  metaNames: 512,
} as const;

/** Cuts a text that may be long, and says so. The result is a copy: it does not keep the stream's chunk alive. */
export const boundedText = (text: string): string =>
  text.length <= BOUNDS.text
    ? ownText(text)
    : `${ownText(text.slice(0, BOUNDS.text))}… (cut: it has ${text.length} characters)`;

/** A string of its own: a slice of a chunk would keep the whole chunk alive. Lone surrogates become U+FFFD. */
export const ownText = (text: string): string => (text.length < SLICED ? text : Buffer.from(text).toString());

/** V8 copies slices that are shorter. */
const SLICED = 13;
