import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { bpftraceOf, childOf, FINWAIT, isAlive, startFinwait, stopAll } from './finwait.ts';
import { kernelOrphans, makeNetwork, type Network } from './netns.ts';
import { onRealKernel } from './requirements.ts';
import { startWorker, type Worker } from './worker.ts';

/** A real terminal: a tmux server of this process's own, with a shell in it. */
const openTerminal = async (columns: number, rows: number) => {
  const socket = `finwait-e2e-${process.pid}`;
  const tmux = (...args: readonly string[]) => execa('tmux', ['-L', socket, '-f', '/dev/null', ...args]);
  await tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), 'PS1="shell> " exec sh');
  const lines = async (): Promise<readonly string[]> => (await tmux('capture-pane', '-p')).stdout.split('\n');
  const ask = async (format: string): Promise<string> => (await tmux('display-message', '-p', format)).stdout;
  return {
    type: async (text: string) => {
      await tmux('send-keys', '-l', text);
    },
    key: async (name: string) => {
      await tmux('send-keys', name);
    },
    lines,
    ask,
    /** Waits until the screen matches, and gives its lines. */
    shows: async (pattern: RegExp, timeout = 20_000): Promise<readonly string[]> => {
      await expect.poll(async () => (await lines()).join('\n'), { timeout, interval: 100 }).toMatch(pattern);
      return lines();
    },
    /** The finwait that the shell runs. */
    child: async (): Promise<number> => childOf(Number(await ask('#{pane_pid}'))),
    close: async () => {
      await tmux('kill-server').catch(() => undefined);
    },
  };
};
type Terminal = Awaited<ReturnType<typeof openTerminal>>;

onRealKernel(
  'the screen',
  () => {
    let net: Network;
    let dialer: Worker;
    let port: number;
    const workers: Worker[] = [];
    let terminal: Terminal | null = null;

    beforeAll(async () => {
      net = await makeNetwork();
      const peer = startWorker(net.far, 'peer.mjs', net.far.v4, 'answer');
      workers.push(peer);
      port = Number((await peer.hear('listening'))['port']);
    });
    afterEach(async () => {
      await terminal?.close();
      terminal = null;
      await stopAll();
      await dialer?.kill();
      await net.calm();
    });
    afterAll(async () => {
      for (const worker of workers) await worker.kill();
      await net?.remove();
    });

    /** Three orphans in FIN_WAIT1, made while finwait watches. */
    const makeOrphans = async (): Promise<void> => {
      dialer = startWorker(net.near, 'dial.mjs', net.far.v4, port, 3);
      await dialer.hear('connected');
      await net.far.drop('tcp flags & fin == fin');
      dialer.say('exit');
      await dialer.ended;
    };
    const start = async (columns: number, rows: number): Promise<Terminal> => {
      terminal = await openTerminal(columns, rows);
      await terminal.shows(/^shell>/);
      await terminal.type(`echo before the screen; NO_COLOR=1 ${process.execPath} ${FINWAIT}`);
      await terminal.key('Enter');
      await terminal.shows(/^finwait +LIVE +tracing/, 60_000);
      return terminal;
    };
    const expectRestored = async (on: Terminal): Promise<void> => {
      const lines = await on.shows(/^before the screen\n+shell>/m);
      expect(lines.join('\n')).not.toMatch(/orphans \d/);
      await on.type('stty -a | grep -o " icanon"; echo back in $((40 + 2)) the shell');
      await on.key('Enter');
      const after = await on.shows(/^back in 42 the shell$/m);
      expect(after).toContain(' icanon');
      expect(await on.ask('#{alternate_on} #{cursor_flag} #{bracket_paste_flag}')).toMatch(/^0 1 /);
    };

    it.each([
      [80, 24],
      [200, 50],
    ])(
      'shows a real orphan in its header, its table and its detail, %dx%d, and q gives the terminal back',
      async (columns, rows) => {
        const before = kernelOrphans();
        const screen = await start(columns, rows);
        const finwait = await screen.child();
        const bpftrace = bpftraceOf(finwait);
        await makeOrphans();
        const total = before + 3;
        const lines = await screen.shows(new RegExp(`orphans ${total} ours +${total} kernel[^]*FIN_WAIT1`));
        expect(lines).toHaveLength(rows);
        expect(lines[0]).toMatch(/^finwait +LIVE +tracing +tracepoint|^finwait +LIVE +tracing/);
        expect(lines[1]).toMatch(new RegExp(`^orphans ${total} ours +${total} kernel +[\\d,]+ limit`));
        expect(lines.join('\n')).toMatch(/in step/);
        expect(lines.join('\n')).toMatch(/0 lost/);
        const table = lines.filter((line) => line.includes('FIN_WAIT1') && line.includes(`:${port} `));
        expect(table).toHaveLength(3);
        for (const line of table) {
          expect(line).toContain(`${net.far.v4}:${port}`);
          expect(line).toContain(columns < 100 ? ' node-M' : ` node-MainThread[${dialer.pid}]! `);
          expect(line).toMatch(columns < 100 ? / ack/ : / ack: our data or FIN/);
        }

        await screen.key('Enter');
        const detail = await screen.shows(/waits for +ack: our data or FIN/);
        const text = detail.join('\n');
        expect(text).toMatch(new RegExp(`^${net.near.v4}:\\d+ -> ${net.far.v4}:${port}`, 'm'));
        expect(text).toMatch(new RegExp(`closer +node-MainThread\\[${dialer.pid}\\], exiting with status 0`));
        expect(text).toMatch(/closed at +\S+Z, in ESTABLISHED/);
        expect(text).toMatch(/ESTABLISHED +-> FIN_WAIT1 +process/);
        expect(text).toMatch(/ended by +still dying/);

        await screen.key('Escape');
        await screen.shows(/orphans \d/);
        await screen.key('q');
        await expectRestored(screen);
        expect(isAlive(finwait)).toBe(false);
        expect(isAlive(bpftrace)).toBe(false);
      },
    );

    it('is given back by SIGTERM too', async () => {
      const screen = await start(80, 24);
      const finwait = await screen.child();
      const bpftrace = bpftraceOf(finwait);
      process.kill(finwait, 'SIGTERM');
      await expectRestored(screen);
      expect(isAlive(finwait)).toBe(false);
      expect(isAlive(bpftrace)).toBe(false);
    });

    it('is lines of text where stdout is no terminal', async () => {
      const before = kernelOrphans();
      const run = startFinwait(['top']);
      await run.until('a line', () => run.stdout().includes('| tracing'), 60_000);
      await makeOrphans();
      const total = before + 3;
      await run.until('the orphans', () => run.stdout().includes(`orphans ${total} ours, ${total} kernel`));
      const { exitCode } = await run.stop();
      expect(exitCode).toBe(0);
      const text = run.stdout();
      expect(text).toMatch(
        new RegExp(
          `^ +\\S+ FIN_WAIT1 +${net.near.v4}:\\d+ > ${net.far.v4}:${port} node-MainThread\\[${dialer.pid}\\] .* waits for ack$`,
          'm',
        ),
      );
      expect(text).not.toContain('\u001b');
    });
  },
  'tmux',
);
