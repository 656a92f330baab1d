import { dyingUsOf, subjectOfSilent, subjectOfSock } from '../stream/filter.ts';
import type { Sink } from '../stream/sink.ts';
import type { Stream } from '../stream/stream.ts';
import type { TurnedAway } from '../stream/turned-away.ts';
import { tell } from './stderr.ts';

/** Says on stderr, at the end, that no socket passed the filter. It stands behind the sink of the data. */
export const createUnmatchedWords = (turnedAway: TurnedAway): Pick<Sink, 'begin' | 'end'> => {
  let stream: Stream | null = null;
  return {
    begin: (begun) => {
      stream = begun;
    },
    end: async ({ fault }) => {
      const words = stream === null ? null : turnedAway.words(stream.meta, stream.tracker.counters().tallied);
      if (words !== null && fault === null) tell(words);
    },
  };
};

/** Says the same for a run whose sinks want no paths: it looks at the socks themselves. */
export const createUnmatchedSocks = (turnedAway: TurnedAway): Sink => {
  const words = createUnmatchedWords(turnedAway);
  let stream: Stream | null = null;
  return {
    begin: (begun) => {
      stream = begun;
      words.begin?.(begun);
    },
    sock: (sock) => {
      if (stream === null) return;
      turnedAway.see(dyingUsOf(sock, sock.destroyedAt ?? stream.tracker.now()), () => subjectOfSock(sock));
    },
    finish: () => {
      if (stream === null) return;
      const { tracker } = stream;
      for (const sock of tracker.live()) turnedAway.see(dyingUsOf(sock, tracker.now()), () => subjectOfSock(sock));
      for (const orphan of tracker.silent()) turnedAway.see(null, () => subjectOfSilent(orphan));
    },
    ...(words.end !== undefined && { end: words.end }),
  };
};
