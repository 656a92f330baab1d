import { adviceOpen, becauseOpen, endsOf, heldByText } from '../../explain/open-socket.ts';
import type { OpenSocket } from '../../kernel/open-socket.ts';
import { counted } from '../../text/count.ts';
import { moment } from '../../text/moment.ts';
import { type Printable, safe } from '../../text/printable.ts';
import { size } from '../../text/size.ts';
import type { OpenReading } from '../open-socket-record.ts';
import { bullet, labelled, paragraph } from './paragraph.ts';

const LABEL = 11;
const LEAST_WIDTH = 80;

/** The sockets that `--socket` asks for and that are not dying: who has each open. */
export const openSocketsLines = (reading: OpenReading, columns: number): readonly Printable[] => {
  const width = Math.max(LEAST_WIDTH, columns);
  const { sockets, left, notes } = reading;
  if (sockets.length === 0) return [];
  return [
    ...sockets.flatMap((open, index) => [...(index === 0 ? [] : [safe``]), ...openSocketLines(open, reading, width)]),
    ...(notes.length === 0 ? [] : [safe``, ...paragraph(`Not known: ${notes.join('; ')}.`, width)]),
    ...(left === 0
      ? []
      : [safe``, ...paragraph(`and ${counted(left, 'socket')} more that match and are not dying`, width)]),
    safe``,
    safe`More: docs/held.md`,
  ];
};

const openSocketLines = (open: OpenSocket, { at, notes }: OpenReading, width: number): readonly Printable[] => {
  const entry = (label: string, text: string): readonly Printable[] => labelled(label, text, width, LABEL);
  const sentences = (heading: Printable, texts: readonly string[]): readonly Printable[] =>
    texts.length === 0 ? [] : [safe``, heading, ...texts.flatMap((text) => bullet(text, width))];
  return [
    ...paragraph(`${endsOf(open)}  not dying: ${open.state}, held by ${heldByText(open)}`, width),
    safe``,
    ...entry('read', moment(at)),
    ...entry('where', `netns ${open.netns}${open.inode === null ? '' : `, inode ${open.inode}`}`),
    ...(open.state === 'LISTEN'
      ? []
      : entry('queues', `${size(open.unread_bytes)} unread, ${size(open.unacked_bytes)} not acknowledged`)),
    ...sentences(safe`Because`, becauseOpen(open)),
    ...sentences(safe`What to do`, adviceOpen(open, notes)),
  ];
};
