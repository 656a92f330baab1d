import { counted, thousands } from '../../text/count.ts';
import { printable, safe } from '../../text/printable.ts';
import { progressText } from '../../text/share.ts';
import { wrapWords } from '../../text/width.ts';
import { type Line, span } from '../frame/line.ts';
import type { Snapshot } from '../frame/model.ts';

/** The text of a table without rows: the meaning, and the next thing to do. First sentence first. */
const emptyText = ({ status, total, query, progress }: Snapshot): readonly string[] => {
  if (status.phase === 'failed') {
    return [
      'The trace failed.',
      status.notice === ''
        ? 'q quits; finwait doctor says what is missing.'
        : 'The line above says why. q quits; finwait doctor says what is missing.',
    ];
  }
  if (typeof progress === 'number') {
    return [
      `Looking through ${counted(total, 'dying socket')}: ${progressText(progress)}.`,
      'The first that pass the filters are shown when all were looked at.',
    ];
  }
  if (total > 0) {
    const hidden = whatHides(query.filter, status.filter, total);
    return query.filter.trim() === '' && status.unmatched !== ''
      ? [sentence(status.unmatched), hidden]
      : [nonePasses(query.filter, status.filter), hidden];
  }
  if (status.phase === 'attaching') {
    return [
      'Attaching to the kernel…',
      'Until the probes are in place nothing is known, not even that nothing is there.',
    ];
  }
  if (status.phase === 'tracing' && status.orphans === null) {
    return [
      'Taking the inventory…',
      'Sockets that were dying before the probes were in place are being looked for. Until they are counted only what the kernel counts is known.',
    ];
  }
  if (status.phase === 'ended') {
    return [
      status.source === 'live' ? 'The capture is over.' : 'The recording is over.',
      'No socket was dying when it ended.',
      ...(status.unmatched === '' ? [] : [sentence(status.unmatched)]),
    ];
  }
  if (status.unmatched !== '') return [sentence(status.unmatched)];
  if (status.abnormal.length > 0) {
    return [
      'No socket is dying now, but connections end abnormally:',
      ...status.abnormal.map((words) => `${words}.`),
      'Such an end is over at once, so it has no row here. finwait explain names its cause and the remedy.',
    ];
  }
  return [
    'No socket is dying now.',
    'A socket is listed from its close until the kernel has destroyed it. With peers that answer, that takes a round trip or less: it is good news, not a fault.',
  ];
};

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

/** @param typed - the screen's filter; `given` is the command line's */
const nonePasses = (typed: string, given: string): string => {
  const matches = typed.trim() === '' ? '' : ` matches "${typed}"`;
  const passes = given === '' ? '' : ` passes ${given}`;
  if (matches === '' && passes === '') return 'No dying socket is here.';
  return `No dying socket${matches}${matches === '' || passes === '' ? '' : ' and'}${passes}.`;
};

/**
 * The number of sockets that the filters hide, and how to see them: a key undoes the typed filter, and nothing else.
 */
const whatHides = (typed: string, given: string, total: number): string => {
  const dying = `${thousands(total)} ${total === 1 ? 'socket is' : 'sockets are'} dying`;
  if (typed.trim() !== '') return `${dying}. esc clears the filter that was typed, / changes it.`;
  return given === '' ? `${dying}.` : `${dying}; the filter of the command line hides ${total === 1 ? 'it' : 'them'}.`;
};

/** The text of `emptyText`, laid out in the table's place. */
export const emptyLines = (snapshot: Snapshot, width: number): readonly Line[] => [
  [span(' ')],
  ...emptyText(snapshot).flatMap((text, index) =>
    wrapWords(printable(text), Math.min(76, width - 4)).map((words) => [
      span(safe`  ${words}`, index === 0 ? 'strong' : 'dim'),
    ]),
  ),
];
