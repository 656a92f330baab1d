import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../src/programs/find.ts';
import { type Child, startChild } from './child.ts';
import type { Tool } from './tool.ts';
import { attachedOf } from './usage.ts';

const ATTACH_MS = 30_000;
/** A tool is attached when it has probes open and gets no more of them for this long. */
const SETTLE_MS = 1000;

type Peer = {
  readonly name: string;
  readonly programs: readonly string[];
  readonly isBinary: boolean;
  readonly apt: string;
};

/** Other tools that look at the same work; each with what it prints by default. */
const PEERS: readonly Peer[] = [
  { name: 'libbpf-tools tcpstates', programs: ['tcpstates', 'libbpf-tcpstates'], isBinary: true, apt: 'libbpf-tools' },
  { name: 'libbpf-tools tcplife', programs: ['tcplife', 'libbpf-tcplife'], isBinary: true, apt: 'libbpf-tools' },
  { name: 'bcc tcpstates', programs: ['tcpstates-bpfcc', 'tcpstates'], isBinary: false, apt: 'bpfcc-tools' },
];

/** libbpf-tools: `lost 5 events on CPU #1`; bcc: `Possibly lost 5 samples`. Both say nothing when nothing was lost. */
export const parseLost = (text: string): number =>
  text.matchAll(/\blost (\d+) (?:events|samples)\b/gi).reduce((sum, [, count]) => sum + Number(count), 0);

/** The most telling line of a failed tool's output; at most 120 characters. */
export const whyItFailed = (text: string): string => {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/[^\x20-\x7e]/g, ' ').trim())
    .filter((line) => line !== '');
  const telling =
    lines.find((line) => /\bunable\b|\bcannot\b|\bcould not\b|\bfailed\b|\bexception\b/i.test(line)) ?? lines.at(-1);
  const sentence = telling?.split('. ')[0] ?? 'it said nothing';
  return sentence.length > 120 ? `${sentence.slice(0, 119)}…` : sentence;
};

const isBinaryFile = (path: string): boolean => {
  const head = Buffer.alloc(4);
  const fd = openSync(path, 'r');
  readSync(fd, head, 0, 4, 0);
  closeSync(fd);
  return head.toString('latin1') === '\x7fELF';
};

/** @throws Error that says which package has it */
const findPeer = async ({ programs, isBinary, apt }: Peer): Promise<string> => {
  for (const program of programs) {
    const path = findProgram(program);
    if (path !== null && isBinaryFile(path) === isBinary) return path;
  }
  throw new Error(`not installed: apt-get install ${apt}`);
};

const untilAttached = async (child: Child): Promise<boolean> => {
  let [open, since] = [0, performance.now()];
  return child.until(() => {
    const found = attachedOf(child.pid);
    if (found !== open) [open, since] = [found, performance.now()];
    return open > 0 && performance.now() - since > SETTLE_MS;
  }, ATTACH_MS);
};

/** The output of a tool that does not attach; bcc says it on stdout, which nobody reads while it is measured. */
const failureOf = async (path: string): Promise<string> => {
  const child = await startChild(path, []);
  await untilAttached(child);
  await child.stop();
  const { stdout, stderr } = child.said();
  return whyItFailed(`${stdout}\n${stderr}`);
};

export const peerTools = (): readonly Tool[] =>
  PEERS.map((peer) => ({
    name: peer.name,
    bpftrace: null,
    role: 'peer' as const,
    start: async () => {
      const path = await findPeer(peer);
      const child = await startChild(path, [], { stdout: 'ignore' });
      if (!(await untilAttached(child))) {
        await child.stop();
        throw new Error(await failureOf(path));
      }
      await sleep(SETTLE_MS);
      return {
        pid: child.pid,
        stop: async () => {
          await child.stop();
          return { lost: parseLost(child.said().stderr), drift: null };
        },
      };
    },
  }));
