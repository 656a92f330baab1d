import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import split2 from 'split2';
import type { Host } from './netns.ts';

/** A message of a worker: one JSON object a line, told apart by `is`. */
export type Message = { readonly is: string } & Readonly<Record<string, unknown>>;

export type Worker = {
  /** The pid of the worker itself: `ip netns exec` becomes it. */
  readonly pid: number;
  readonly say: (word: string) => void;
  /** The next message of this kind. @throws Error when the worker ends without it, or is too slow */
  readonly hear: (is: string, patienceMs?: number) => Promise<Message>;
  /** All messages of this kind that have come and were not heard yet. */
  readonly heard: (is: string) => readonly Message[];
  /** Resolves when it has ended by itself. */
  readonly ended: Promise<void>;
  /** Kills it, if it still is there. */
  readonly kill: () => Promise<void>;
};

const PATIENCE_MS = 20_000;

/** Starts one of `workers/` in a namespace. */
export const startWorker = (host: Host, script: string, ...args: readonly (string | number)[]): Worker => {
  const path = fileURLToPath(new URL(`workers/${script}`, import.meta.url));
  const program = script.endsWith('.py') ? 'python3' : process.execPath;
  const child = execa('ip', ['netns', 'exec', host.name, program, path, ...args.map(String)], {
    buffer: { stdout: false, stderr: true },
    reject: false,
    stdin: 'pipe',
  });
  const messages: Message[] = [];
  let wake = Promise.withResolvers<void>();
  const lines = child.stdout.pipe(split2());
  lines.on('data', (line: string) => {
    messages.push(JSON.parse(line));
    wake.resolve();
    wake = Promise.withResolvers();
  });
  let isOver = false;
  let ending = '';
  const ended = child.then((result) => {
    isOver = true;
    ending = `${result.shortMessage ?? 'it ended'}\n${result.stderr}`;
    wake.resolve();
  });
  if (child.pid === undefined) throw new Error(`${script} did not start`);
  return {
    pid: child.pid,
    say: (word) => {
      child.stdin.write(`${word}\n`);
    },
    hear: async (is, patienceMs = PATIENCE_MS) => {
      const deadline = performance.now() + patienceMs;
      for (;;) {
        const at = messages.findIndex((message) => message.is === is);
        const [found] = at < 0 ? [] : messages.splice(at, 1);
        if (found !== undefined) return found;
        if (isOver) throw new Error(`${script} never said '${is}': ${ending}`);
        const left = deadline - performance.now();
        if (left <= 0) throw new Error(`${script} did not say '${is}' within ${patienceMs / 1000} s`);
        const timer = setTimeout(wake.resolve, left);
        await wake.promise;
        clearTimeout(timer);
      }
    },
    heard: (is) => messages.filter((message) => message.is === is),
    ended,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};
