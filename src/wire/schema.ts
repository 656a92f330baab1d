/**
 * The wire format, stated once. Every line, word and field is here and nowhere else. From it come the probes' printf,
 * the join of a deferred announcement's two lines, decoder, encoder, the packed form, the tables of docs/wire-format.md
 * and the test builders. (One statement in one file: that is why it is long.)
 *
 * To add a field: add it here with `since` of the new `WIRE_VERSION` and the value that means unknown; add its
 * expression to probes/parts/expressions.bt; add a step to upgrade/; run `npm run probes`.
 *
 * It is data only. `layout.ts` resolves names to positions when the module loads.
 */

/** The wire version that the probes speak. upgrade/ reads older ones; a newer one is refused with advice. */
export const WIRE_VERSION = 4;

/** The form in which a word is written, and bpftrace's format for it. */
export type Kind =
  /** Decimal, unsigned, up to 20 digits: `%llu`. */
  | 'decimal'
  /** Hexadecimal, up to 16 digits: `%llx`. */
  | 'hex'
  /** Hexadecimal, up to 8 digits: `%x`. */
  | 'hex32'
  /** Text without a space: `%s`. */
  | 'word'
  /** Sixteen bytes in hex with spaces between them: `%rh`. */
  | 'comm'
  /** All that is left of the line. */
  | 'rest';

export type Unit =
  | 'bytes'
  | 'jiffies'
  | 'ms'
  | 'us'
  | 'ns'
  | 'pages'
  | 'state'
  | 'errno'
  | 'seq'
  /** 16 bits as loaded from network order. They are read and written as the port's number. */
  | 'port'
  /** Four bytes of an address as loaded from network order. */
  | 'address';

export type Field = {
  readonly name: string;
  /** Its lowest bit in the word. Left out: 0. */
  readonly at?: number;
  /** Width in bits. Left out: all of the word. At most 32, or 64 from bit 0, or raw. */
  readonly bits?: number;
  readonly unit?: Unit;
  readonly signed?: true;
  /** The value that means unknown: it reads as null. Every field newer than version 1 has one. */
  readonly unknown?: number;
  /** No property of a parsed line: evidence.ts or decode.ts turns it into something else. */
  readonly raw?: true;
  /** A note for readers of docs/wire-format.md. */
  readonly meaning: string;
  /** Smaller fields within it. Their `at` counts from its lowest bit. */
  readonly parts?: readonly Field[];
};

/** A word: the text between two spaces. */
export type Word = {
  readonly name: string;
  readonly kind: Kind;
  /** The wire version that brought it. Left out: 1. */
  readonly since?: number;
  /** A line may end before it: recordings of the first days do. */
  readonly optional?: true;
  readonly fields: readonly Field[];
};

export type Line = {
  readonly letter: string;
  readonly title: string;
  readonly words: readonly Word[];
};

/** A word that is one field of the same name. */
const word = (kind: Kind, name: string, meaning: string, more: Partial<Field> & Pick<Word, 'optional'> = {}): Word => {
  const { optional, ...field } = more;
  return { name, kind, ...(optional === undefined ? {} : { optional }), fields: [{ name, meaning, ...field }] };
};

/** A hexadecimal word of several fields. */
const packed = (name: string, ...fields: readonly Field[]): Word => ({ name, kind: 'hex', fields });

const high = (name: string, meaning: string, more: Partial<Field> = {}): Field => ({
  name,
  at: 32,
  bits: 32,
  meaning,
  ...more,
});
const low = (name: string, meaning: string, more: Partial<Field> = {}): Field => ({
  name,
  at: 0,
  bits: 32,
  meaning,
  ...more,
});
const bits = (name: string, at: number, count: number, meaning: string, more: Partial<Field> = {}): Field => ({
  name,
  at,
  bits: count,
  meaning,
  ...more,
});

const AT = word('decimal', 'at', 'time', { unit: 'ns' });
const SK = word('hex', 'sk', '`sk`', { raw: true });

/** `CONTEXT` of e0. @see evidence.ts, HOLDER */
const CONTEXT: readonly Field[] = [
  bits('own', 0, 1, 'a task holds the lock'),
  bits('holder', 2, 3, 'who holds the socket'),
  bits('shutdown', 6, 2, '`sk_shutdown`'),
  bits('state', 8, 8, '`skc_state`', { unit: 'state' }),
];

const SK_FLAGS = high('flags', '`skc_flags` (bit 0 SOCK_DEAD, 1 SOCK_DONE, 4 SOCK_LINGER)');
const TIME_WAIT_TABLE = bits(
  'tw',
  16,
  2,
  'TIME_WAIT sockets of its namespace, its own one included: 1 as many as tcp_max_tw_buckets, 2 that is 0',
);

const TOLD = bits(
  'told',
  16,
  16,
  'lines that were printed about it so far, looks not counted (0: not said, as before version 3 was extended by it)',
);

const CPU_MEANING = '1 more than the number of the CPU that printed it; 0: not said. From version 4 on';
/** In `e0`, whose upper bits were 0 before: 0.17 has no stack for one more word. */
const CPU_BITS = bits('cpu', 18, 14, CPU_MEANING, { unknown: 0 });
/** It is a word of its own in lines that have room for one. */
const CPU: Word = { ...word('hex32', 'cpu', CPU_MEANING, { raw: true, unknown: 0 }), since: 4 };

/** Words that show a socket at one instant. */
const EVIDENCE: readonly Word[] = [
  packed('e0', SK_FLAGS, low('context', 'its state, lock and holder', { parts: [...CONTEXT, CPU_BITS] })),
  packed(
    'e1',
    bits('err', 48, 16, '`sk_err`', { unit: 'errno' }),
    bits('errSoft', 32, 16, '`sk_err_soft`', { unit: 'errno' }),
    bits('pending', 24, 8, '`icsk_pending`'),
    bits('icskRetransmits', 16, 8, '`icsk_retransmits`'),
    bits('backoff', 8, 8, '`icsk_backoff`'),
    bits('probesOut', 0, 8, '`icsk_probes_out`'),
  ),
  packed('e2', high('writeSeq', '`write_seq`', { unit: 'seq' }), low('sndUna', '`snd_una`', { unit: 'seq' })),
  packed('e3', high('sndNxt', '`snd_nxt`', { unit: 'seq' }), low('sndWnd', '`snd_wnd`', { unit: 'bytes' })),
  packed('e4', high('rto', '`icsk_rto`', { unit: 'jiffies' }), low('packetsOut', '`packets_out`')),
  packed(
    'e5',
    high('rtoTimer', "the retransmission timer's `expires`; 0 unknown", { unit: 'jiffies' }),
    low('skTimer', 'the timer of FIN_WAIT2 and keepalive, the same', { unit: 'jiffies' }),
  ),
  packed(
    'e6',
    high('wmemQueued', '`sk_wmem_queued`', { unit: 'bytes' }),
    low('rmemAlloc', '`sk_rmem_alloc`', { unit: 'bytes' }),
  ),
  packed(
    'e7',
    high('forwardAlloc', '`sk_forward_alloc`', { unit: 'bytes', signed: true }),
    low('retransStamp', '`retrans_stamp`'),
  ),
];

/** Words that only an announcement has: its settings, and fields that tell unread data. */
const SETTINGS: readonly Word[] = [
  packed('a0', high('rcvNxt', '`rcv_nxt`', { unit: 'seq' }), low('copiedSeq', '`copied_seq`', { unit: 'seq' })),
  packed(
    'a1',
    high('userTimeoutMs', '`icsk_user_timeout`', { unit: 'ms' }),
    low('lingerTime', '`sk_lingertime`', { unit: 'jiffies' }),
  ),
  packed(
    'a2',
    high('linger2', '`linger2`', { unit: 'jiffies', signed: true }),
    low('rtoMax', '`icsk_rto_max`; 0: the kernel has the constant TCP_RTO_MAX', { unit: 'jiffies' }),
  ),
  packed(
    'a3',
    high('lsndtime', '`lsndtime`', { unit: 'jiffies' }),
    low('rcvTstamp', '`rcv_tstamp`', { unit: 'jiffies' }),
  ),
  packed(
    'a4',
    bits('retries2', 56, 8, "`tcp_retries2` of the socket's own network namespace"),
    bits('finTimeout', 32, 24, '`tcp_fin_timeout` of the same', { unit: 'jiffies' }),
    bits('orphanRetries', 24, 8, "`tcp_orphan_retries` of the same; 0 is the kernel's default of 8"),
    bits('dataSegsIn', 0, 24, '`data_segs_in` modulo 2^24'),
  ),
];

const IDENTITY: readonly Word[] = [
  word('hex32', 'netns', 'inode of its network namespace'),
  packed('owner', high('uid', 'uid of the socket'), low('mark', '`sk_mark`')),
  word('hex', 'cgroupId', 'id of its cgroup; 0: the kernel has none in the sock'),
  word('hex', 'cookie', 'its cookie; 0: none made yet'),
  packed(
    'ports',
    high('family', '2 IPv4, 10 IPv6', { raw: true }),
    bits('lport', 16, 16, 'local port, as loaded from network order', { unit: 'port' }),
    bits('rport', 0, 16, 'remote port, the same', { unit: 'port' }),
  ),
  ...[
    ['v4', 'laddr', 'local IPv4 address, as loaded', 'raddr', 'remote IPv4 address'],
    ['l0', 'laddr0', 'local IPv6 address, its first four bytes as loaded', 'laddr1', 'the next four'],
    ['l1', 'laddr2', 'the next four', 'laddr3', 'its last four'],
    ['r0', 'raddr0', 'remote IPv6 address, its first four bytes as loaded', 'raddr1', 'the next four'],
    ['r1', 'raddr2', 'the next four', 'raddr3', 'its last four'],
  ].map(([name = '', above = '', aboveMeaning = '', below = '', belowMeaning = '']) =>
    packed(
      name,
      high(above, aboveMeaning, { unit: 'address', raw: true }),
      low(below, belowMeaning, { unit: 'address', raw: true }),
    ),
  ),
];

const TASK = packed('task', high('pid', 'the closing process (tgid)'), low('tid', 'its thread'));
const TASK_FLAGS: Partial<Field> = {
  parts: [bits('exiting', 2, 1, 'PF_EXITING'), bits('kernelThread', 21, 1, 'PF_KTHREAD')],
};

/** A transition that the probe remembered. */
const move = (name: string, meaning: string): Word =>
  packed(
    name,
    bits(`${name}Us`, 16, 48, `${meaning}: when, boot clock`, { unit: 'us', raw: true }),
    bits(`${name}From`, 12, 4, 'from', { unit: 'state', raw: true }),
    bits(`${name}To`, 8, 4, 'to', { unit: 'state', raw: true }),
    bits(`${name}Own`, 7, 1, 'a task held the lock', { raw: true }),
    bits(`${name}Err`, 0, 7, '`sk_err`', { unit: 'errno', raw: true }),
  );
const MOVES: readonly Word[] = [
  move('h0', 'the newest transition, that of `via` 2 and 3 included'),
  move('h1', 'the one before'),
  move('h2', 'the one before that'),
];

/** The close of a socket whose announcement was deferred. */
const CLOSE_SEQS = packed(
  'closeSeqs',
  high('closeSndUna', '`snd_una` at the close', { unit: 'seq', raw: true }),
  low('closeSndNxt', '`snd_nxt` at the close', { unit: 'seq', raw: true }),
);
const CLOSE_BITS = packed(
  'closeBits',
  bits('closeRetransmits', 60, 4, 'retransmissions so far', { raw: true }),
  bits('closePlace', 32, 28, 'its place in the ring', { raw: true }),
  bits('closeSegsIn', 24, 8, '`data_segs_in` modulo 256', { raw: true }),
  bits('closeKernelThread', 23, 1, 'a kernel thread closed it', { raw: true }),
  bits('closeLingerZero', 22, 1, 'SO_LINGER with 0 s', { raw: true }),
  bits('closeUnread', 21, 1, 'data was unread', { raw: true }),
  bits('closeNotFollowed', 20, 1, 'the map of announced sockets was full: no later line tells of it', { raw: true }),
  bits('closeExiting', 19, 1, 'the task was exiting', { raw: true }),
  bits('via', 16, 3, '`via`', { raw: true }),
  bits('closeReset', 8, 8, 'reason + 1 of a reset that the kernel sent of itself; 255: none given', { raw: true }),
  bits('closeFrom', 4, 4, 'the state that the close found', { unit: 'state', raw: true }),
  bits('closeNotMemory', 3, 1, 'reset for a limit of the host, and it was not tcp_mem; from version 3 on', {
    raw: true,
  }),
  bits(
    'closeSample',
    0,
    3,
    'announced, however young, as an example of this abnormal end; 0: none. From version 3 on',
    {
      raw: true,
    },
  ),
);

/** An abnormal end that the kernel counted: its kind and its circumstances. @see event.ts, ENDED */
const END: Word = packed(
  'end',
  bits('servicePort', 32, 16, 'the smaller of its ports; 0: not kept', { raw: true }),
  bits('endReset', 16, 8, 'reset (as bits 8–15 of `closeBits`)', { raw: true }),
  bits('endFrom', 12, 4, 'state before the end', { unit: 'state', raw: true }),
  bits('endCloserUnknown', 10, 1, 'the closer is not known', { raw: true }),
  bits('endKernelThread', 9, 1, 'a kernel thread closed it', { raw: true }),
  bits('endExiting', 8, 1, 'the task was exiting', { raw: true }),
  bits('endClosedIn', 4, 4, 'the state that the close found', { unit: 'state', raw: true }),
  bits('endNotMemory', 3, 1, 'a limit of the host, and it was not tcp_mem', { raw: true }),
  bits('endKind', 0, 3, 'kind', { raw: true }),
);
const END_PID = word('hex32', 'endPid', 'tgid of the closer; 0: not known, or several of that name', { raw: true });

const VIA = word('hex32', 'via', '`via`', { raw: true });
const COMM = word('comm', 'comm', 'the name of the process', { raw: true });
const FLAGS = word('hex32', 'taskFlags', '`task->flags`', TASK_FLAGS);
const EXIT_CODE = word('hex32', 'exitCode', '`task->exit_code`');
const ANNOUNCED: readonly Word[] = [VIA, ...EVIDENCE, ...SETTINGS, ...IDENTITY, TASK, FLAGS, EXIT_CODE, ...MOVES];

/** The lines of a stream. */
export const LINES = {
  /** A reader reads it before it knows the version, so it never changes. */
  hello: {
    letter: 'H',
    title: 'handshake, first',
    words: [
      word('decimal', 'version', 'version of this format'),
      word('word', 'backend', 'backend'),
      AT,
      word('word', 'wall', 'the wall clock at that time as `seconds.microseconds`'),
    ],
  },
  announce: { letter: 'A', title: 'announcement', words: [AT, SK, ...ANNOUNCED, COMM] },
  /**
   * The wire's line. bpftrace has not the stack for it in one: `deferred-lines.ts` makes it of `closed` and `stands`.
   */
  deferred: {
    letter: 'L',
    title: 'deferred announcement: made later than the close',
    words: [
      AT,
      SK,
      ...ANNOUNCED,
      word('hex', 'closedAt', 'time of the close; 0: not seen', { unit: 'ns', raw: true }),
      CLOSE_SEQS,
      CLOSE_BITS,
      COMM,
    ],
  },
  set_state: {
    letter: 'S',
    title: 'transition',
    words: [
      AT,
      SK,
      word('hex32', 'from', 'old state', { unit: 'state', raw: true }),
      word('hex32', 'to', 'new state', { unit: 'state', raw: true }),
      ...EVIDENCE,
    ],
  },
  retransmit: { letter: 'R', title: 'retransmission', words: [AT, SK, ...EVIDENCE] },
  look: {
    letter: 'W',
    title:
      'look, from version 2 on: how a dying socket stands that was looked at again, and had changed or had its turn',
    words: [
      AT,
      SK,
      word('hex', 'cookie', 'its cookie; 0: none made yet'),
      packed('e0', SK_FLAGS, low('context', 'its state, lock and holder', { parts: [...CONTEXT, TOLD] })),
      ...EVIDENCE.slice(1),
      CPU,
    ],
  },
  swept: {
    letter: 'V',
    title: 'pass, from version 2 on: every dying socket was looked at, and none has changed but those told of',
    words: [
      AT,
      word('decimal', 'began', 'when the pass began; sockets announced later may have been left out', {
        unit: 'ns',
        raw: true,
      }),
      word('hex32', 'watched', 'how many sockets'),
      word('hex32', 'left', '1: there was no place for some, which are not looked at'),
      CPU,
    ],
  },
  reset: {
    letter: 'X',
    title: 'reset',
    words: [
      AT,
      SK,
      word('hex32', 'direction', '1 sent, 2 received'),
      word('hex32', 'state', 'state', { unit: 'state' }),
      word('hex32', 'answers', '1 if it answers a segment'),
      word('hex32', 'reason', 'reason (`enum sk_rst_reason`; `ff`: the kernel gives none)'),
      word('hex32', 'dataSegsIn', '`data_segs_in` modulo 2^24 of one received (else 0)', { bits: 24 }),
      CPU,
    ],
  },
  destroy: {
    letter: 'D',
    title: 'destroy',
    words: [
      AT,
      SK,
      word('hex', 'cookie', 'cookie'),
      packed(
        'e0',
        SK_FLAGS,
        low('context', 'its state, lock and holder', { parts: [...CONTEXT, TIME_WAIT_TABLE, CPU_BITS] }),
      ),
      ...EVIDENCE.slice(1, 2),
      packed(
        'announced',
        bits('announcedAt', 16, 48, 'when it was announced, in units of 65,536 ns', { raw: true }),
        bits('lines', 0, 16, 'lines that were printed about this socket before this one (0: its map was full)', {
          raw: true,
        }),
      ),
    ],
  },
  tally: {
    letter: 'T',
    title: 'tally',
    words: [
      AT,
      word('hex32', 'via', '`via`'),
      word('hex32', 'exiting', '1 if the task was exiting'),
      word('hex32', 'closedIn', 'state that the close found', { unit: 'state' }),
      word('hex32', 'lastFrom', 'state before CLOSE', { unit: 'state' }),
      word('hex32', 'err', 'errno', { unit: 'errno' }),
      word('hex32', 'reset', 'reset (as bits 8–15 of `closeBits`)'),
      word('hex32', 'marks', 'marks'),
      word('hex32', 'size', 'size'),
      word('decimal', 'count', 'count since the start'),
    ],
  },
  ended: {
    letter: 'E',
    title: 'abnormal ends, from version 3 on: how many, announced or not, of one kind, closer and port',
    words: [AT, END, END_PID, word('decimal', 'count', 'count since the start'), COMM],
  },
  tick: {
    letter: 'C',
    title: 'tick, ten a second: lets time pass when nothing happens',
    words: [
      AT,
      CPU,
      {
        ...word(
          'decimal',
          'settled',
          'every socket closed before this time has been announced or counted; 0: not said',
          {
            unit: 'ns',
            raw: true,
            unknown: 0,
          },
        ),
        since: 4,
      },
    ],
  },
  pulse: { letter: 'P', title: 'pulse, from version 4 on: one a second of each CPU', words: [AT, CPU] },
  progress: {
    letter: 'U',
    title: 'progress, from version 4 on: how far each CPU was when, or after, it was asked for',
    words: [
      AT,
      word(
        'rest',
        'cpus',
        'for each CPU that has printed since the progress before: its number + 1, and the time of its newest line, both in hex',
        { raw: true },
      ),
    ],
  },
  bye: { letter: 'Z', title: 'goodbye, last; where it is missing the stream is cut', words: [AT] },
} as const satisfies Readonly<Record<string, Line>>;

/** Lines that only a probe run by hand shows. finwait makes `L`, `T` and `U` lines of them before anybody else sees them. */
export const PROBE_LINES = {
  closed: {
    letter: 'B',
    title: 'how it was closed',
    words: [
      AT,
      SK,
      word('decimal', 'closedAt', 'time of the close; 0: not seen', { unit: 'ns' }),
      CLOSE_BITS,
      TASK,
      packed('taskWords', high('taskFlags', '`task->flags`', TASK_FLAGS), low('exitCode', '`task->exit_code`')),
      CLOSE_SEQS,
      ...MOVES,
      COMM,
    ],
  },
  named: {
    letter: 'N',
    title: 'an abnormal end that is counted by a number from here on',
    words: [AT, word('hex', 'endId', 'the number'), END, END_PID, COMM],
  },
  asked: {
    letter: 'Q',
    title: 'progress is asked for: bpftrace prints `@until` next, the time of the newest line of each CPU',
    words: [AT],
  },
  stands: { letter: 'L', title: 'how it stands', words: [AT, SK, ...EVIDENCE, ...SETTINGS, ...IDENTITY] },
} as const satisfies Readonly<Record<string, Line>>;

const number = (name: string, meaning: string, more: Partial<Field> & Pick<Word, 'optional'> = {}): Word =>
  word('decimal', name, meaning, more);
const OPTIONAL = { optional: true } as const;

/** The endpoints and the state of an orphan that a namespace lists. */
const LISTED: readonly Word[] = [
  number('netns', 'netns inode'),
  word('word', 'family', '`ipv4`/`ipv6`'),
  word('word', 'laddr', 'local address'),
  number('lport', 'port'),
  word('word', 'raddr', 'remote address'),
  number('rport', 'port'),
  number('state', 'state', { unit: 'state' }),
];

/** Lines that finwait itself puts into the stream. Their numbers are decimal. @see own-lines.ts */
export const OWN_LINES = {
  inventoried: {
    letter: 'i',
    title: 'inventory: an orphan that was there already',
    words: [
      AT,
      ...LISTED,
      number('retransmits', 'retransmits'),
      number('txQueue', 'tx queue', { unit: 'bytes' }),
      number('timer', 'timer (0 none, 1 retransmission, 2 keepalive or FIN_WAIT2, 4 window probe)', OPTIONAL),
      number('timerMs', 'until it fires', { unit: 'ms', ...OPTIONAL }),
      number('probesOut', 'window probes not answered', OPTIONAL),
    ],
  },
  orphan_read: {
    letter: 'o',
    title: 'reading, from version 3 on: an orphan of the baseline as sock_diag shows it (ss)',
    words: [
      AT,
      ...LISTED,
      number('cookie', 'its cookie'),
      number('uid', 'uid of the socket'),
      word('word', 'cgroupId', 'id of its cgroup'),
      number('retransmits', 'retransmission timeouts'),
      number('txQueue', '`write_seq` less `snd_una`', { unit: 'bytes' }),
      number('timer', 'timer (0 none, 1 retransmission, 2 keepalive or FIN_WAIT2, 4 window probe)'),
      number('timerMs', 'until it fires', { unit: 'ms' }),
      number('probesOut', 'window probes not answered'),
      number('backoff', '`icsk_backoff`'),
      number('rtoUs', '`icsk_rto`', { unit: 'us' }),
      number('packetsOut', '`packets_out`'),
      number('notSent', '`write_seq` less `snd_nxt`', { unit: 'bytes' }),
      word('word', 'sndWnd', '`snd_wnd`; older versions of ss do not tell it', { unit: 'bytes' }),
      number('wmemQueued', '`sk_wmem_queued`', { unit: 'bytes' }),
      number('rmemAlloc', '`sk_rmem_alloc`', { unit: 'bytes' }),
      number('forwardAlloc', '`sk_forward_alloc`, 0 where it is below', { unit: 'bytes' }),
      number('lastSendMs', 'since data was last sent', { unit: 'ms' }),
      number('lastAckMs', 'since the last acknowledgement came', { unit: 'ms' }),
      word('word', 'orphanRetries', '`tcp_orphan_retries` of its namespace'),
      word('word', 'retries2', '`tcp_retries2` of the same'),
      word('word', 'rtoMaxMs', '`tcp_rto_max_ms` of the same; 0 before Linux 6.15', { unit: 'ms' }),
    ],
  },
  inventory_end: {
    letter: 'e',
    title: "inventory's end",
    words: [
      AT,
      number('sinceAttach', 'since the probes were attached (a later one: since its reading began)', { unit: 'ns' }),
      number('namespaces', 'namespaces listed'),
      number('unreadable', 'namespaces that could not be read'),
    ],
  },
  sample: {
    letter: 'k',
    title: 'sample',
    words: [
      AT,
      number('orphans', '`orphan` of /proc/net/sockstat'),
      number('limit', 'tcp_max_orphans'),
      number('memory', '`mem` of /proc/net/sockstat', { unit: 'pages', ...OPTIONAL }),
      number('low', 'the three thresholds of tcp_mem: low', { unit: 'pages', ...OPTIONAL }),
      number('pressure', 'pressure', { unit: 'pages', ...OPTIONAL }),
      number('high', 'high', { unit: 'pages', ...OPTIONAL }),
    ],
  },
  host_facts: { letter: 'h', title: 'host facts', words: [AT, word('rest', 'facts', 'one JSON object')] },
  kernel_log: {
    letter: 'm',
    title: 'kernel log',
    words: [
      AT,
      number('sinceLogged', 'since it was logged', { unit: 'ns' }),
      word('word', 'about', '`orphans`/`memory`'),
      number('facility', 'facility'),
      word('rest', 'text', 'text'),
    ],
  },
  lost: {
    letter: 'l',
    title: 'lost',
    words: [AT, number('count', 'count'), word('rest', 'where', 'who dropped them')],
  },
  notice: { letter: 'n', title: 'notice', words: [AT, word('rest', 'text', 'text')] },
} as const satisfies Readonly<Record<string, Line>>;

/**
 * The key of the map of tallies: `@tally[KEY]: COUNT`. `marks` of a T line holds its three marks, the first one lowest.
 */
export const TALLY_KEY: Word = packed(
  'tallyKey',
  bits('marksOfTable', 45, 1, 'the mark 1000'),
  bits('size', 40, 5, 'size'),
  bits('marksAtDestroy', 33, 7, 'the marks 20, 40, 80, 100, 200, 400 and 800'),
  bits('marksDone', 32, 1, 'the mark 10'),
  bits('err', 24, 8, 'errno'),
  bits('marksAtClose', 20, 4, 'the marks 1, 2, 4 and 8'),
  bits('exiting', 19, 1, 'the task was exiting'),
  bits('via', 16, 3, '`via`'),
  bits('reset', 8, 8, 'reset'),
  bits('closedIn', 4, 4, 'state that the close found'),
  bits('lastFrom', 0, 4, 'state before CLOSE'),
);

/** A key of the same map that counts abnormal ends: `1 << 60` is set. */
export const END_KEY: Word = packed(
  'endKey',
  bits('isEnd', 60, 1, '1'),
  bits('endNotMemory', 59, 1, 'as in `N`'),
  bits('endKind', 56, 3, 'kind'),
  bits('servicePort', 40, 16, 'as in `N`'),
  bits('endIdHigh', 32, 8, 'the number, its high bits'),
  bits('endIdLow', 0, 32, 'and its low bits; 0 in both: no room was left for another number'),
);

export type LineName = keyof typeof LINES | keyof typeof PROBE_LINES | keyof typeof OWN_LINES;

const ALL: Readonly<Record<LineName, Line>> = { ...LINES, ...PROBE_LINES, ...OWN_LINES };

/** Any line: a line of the stream, or one that only the probes print. */
export const lineOf = (name: LineName): Line => ALL[name];
