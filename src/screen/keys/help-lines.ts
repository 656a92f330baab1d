import { nothing } from '../../explain/causes/nothing.ts';
import { WAITING_CAUSES } from '../../explain/causes/order.ts';
import { printable, safe } from '../../text/printable.ts';
import { toWidth, wrapWords } from '../../text/width.ts';
import { type Line, span } from '../frame/line.ts';
import { BINDINGS } from './keymap.ts';

const LEFT = 15;

/** `keys` on the left, wrapped words on the right. */
const entry = (keys: string, does: string, width: number): readonly Line[] =>
  wrapWords(printable(does), width - LEFT - 3).map((words, index) => [
    span(safe`  ${toWidth(index === 0 ? printable(keys) : '', LEFT)} `, 'strong'),
    span(words),
  ]);

const MARKS = [
  ['>', 'left of a row: it is selected'],
  ['AGE▼  DUE▲', 'over a column: the rows are sorted by it, falling or rising'],
  ['~', 'left of a row: a lost event of its own, a late start or inference may touch it; its close path says which'],
  ['>4m05s', 'an age: closed before the capture began, so older than that'],
  ['?', 'nobody saw it, or there was no time to work it out; never shown as 0'],
  ['nginx[42]!', 'a closer: the process was exiting, the kernel closed its sockets'],
] as const;

const HEADER = [
  [
    'orphans',
    'sockets without a process that still hold kernel memory: by our count, by the kernel, and tcp_max_orphans',
  ],
  ['[##..|..|....]', 'orphans in parts of the limit; from the | at 25 % and at 50 % on the kernel may kill some early'],
  [
    'fast deaths',
    'sockets that died too fast to be listed (--min-age): counted in the kernel, and in entries and exits',
  ],
  ['unlocated', 'orphans that are counted but no namespace shows; they were there before the capture'],
  ['DRIFT', 'our count and the kernel’s differ by more than what was just under way: do not trust ours'],
  [
    'overloaded',
    'more comes than finwait can take: it gives up frames first, then due times, the sum of memory and the order; never the counts',
  ],
  ['lost, late', 'events that never came, came out of order, or came malformed'],
] as const;

const UNKNOWN_WAIT = ['unknown', 'shown as ?: nobody saw'] as const;

/** The help screen at `width` columns, as many lines as it needs. */
export const helpLines = (width: number): readonly Line[] => [
  [span('Keys', 'strong')],
  ...BINDINGS.flatMap(({ keys, does }) => entry(keys, does, width)),
  [span(' ')],
  [span('Marks', 'strong')],
  ...MARKS.flatMap(([mark, means]) => entry(mark, means, width)),
  [span(' ')],
  [span('Header', 'strong')],
  ...HEADER.flatMap(([word, means]) => entry(word, means, width)),
  [span(' ')],
  [span('What a socket waits for', 'strong')],
  ...[...WAITING_CAUSES, nothing].flatMap(({ name, help }) => entry(name, help, width)),
  ...entry(...UNKNOWN_WAIT, width),
];
