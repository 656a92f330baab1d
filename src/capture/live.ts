import split2 from 'split2';
import { EXIT, Fault } from '../kernel/fault.ts';
import { createDecoder } from '../wire/decode.ts';
import type { Meta } from '../wire/meta.ts';
import { ownLine } from '../wire/own-lines.ts';
import { attachFault, howItEnded } from './bpftrace/attach-fault.ts';
import { type BpftraceProgram, type Chatter, createChatterReader, findBpftrace } from './bpftrace/bpftrace.ts';
import { checkPrograms } from './bpftrace/check-programs.ts';
import { compose, type Wanted } from './bpftrace/compose.ts';
import { createDeferredLines } from './bpftrace/deferred-lines.ts';
import { type CaptureFacts, describeCapture, HANDSHAKE } from './bpftrace/describe-capture.ts';
import { hideAddresses } from './bpftrace/hide-addresses.ts';
import { createLosses } from './bpftrace/losses.ts';
import { createMapRoom } from './bpftrace/map-room.ts';
import { type BpftraceChild, spawnBpftrace } from './bpftrace/spawn.ts';
import { createStrays, isWireLine } from './bpftrace/strays.ts';
import { watchHost } from './host/host-watch.ts';
import { BACKENDS, type Backend, surveyBackends } from './kernel/backend.ts';
import { createBootClock } from './kernel/boot-clock.ts';
import { type Btf, loadBtf } from './kernel/btf.ts';
import { checkCapabilities, lacksCapability } from './kernel/capabilities.ts';
import { chooseBackends } from './kernel/choose-backends.ts';
import { checkLockdown } from './kernel/lockdown.ts';
import { putInventory } from './sockets/inventory.ts';
import { startReadings } from './sockets/read-orphans.ts';
import { STALL_MS, startWatch, type Watch } from './watch.ts';

/** bpftrace 0.17 takes a second. On an emulated CPU that others used too, it took a minute and a half. */
const ATTACH_TIMEOUT_MS = 240_000;
const KEPT_MESSAGES = 30;
const MESSAGE_CHARACTERS = 500;
const MAX_EARLY = 100_000;
/** Put before the end of a stream that has no line break. No line has a line break in it. */
const TORN = '\n';

export type LiveOptions = Wanted & {
  readonly backend: Backend | 'auto';
  readonly finwaitVersion: string;
  readonly filters: Readonly<Record<string, string>>;
  /** Takes each line of the stream, bpftrace's and finwait's own. Returns false to get no more until `resume`. */
  readonly onLine: (line: string) => boolean;
  /** True if the inventory should be taken again although no loss was reported. Asked once a second. */
  readonly isInDoubt: () => boolean;
  /** Called once, before the first line. */
  readonly onMeta: (meta: Meta) => void;
  /** A message for the user: which backend is tried, and why; later output of bpftrace that finwait does not know. */
  readonly onProgress: (text: string) => void;
  /** Gives up attaching. Once attached, `stop` ends the capture. */
  readonly signal?: AbortSignal;
};

export type LiveCapture = {
  /** Resolves when bpftrace has ended and all its lines are passed on: null when we stopped it, else the fault. */
  readonly ended: Promise<Fault | null>;
  /** Stops bpftrace with SIGINT and drains it; SIGKILL after 10 s. */
  readonly stop: () => Promise<void>;
  readonly resume: () => void;
  readonly bpftracePid: number | undefined;
};

/**
 * Starts bpftrace and resolves once its probes are attached and the inventory is in the stream.
 *
 * With `auto` the next backend is tried when one does not attach. bpftrace prints the output of its BEGIN probe only
 * after everything is attached, so the handshake line is the proof.
 *
 * @returns null when `signal` came before the probes were attached
 * @throws Fault (exit 3) with what bpftrace said when no backend attaches
 */
export const startLive = async (options: LiveOptions): Promise<LiveCapture | null> => {
  checkCapabilities();
  checkLockdown();
  checkPrograms();
  const program = await findBpftrace();
  const seen = loadBtf();
  const survey = surveyBackends(seen);
  const { btf, candidates } = chooseBackends(options.backend, seen, survey);
  let failure: Fault | null = null;
  for (const candidate of candidates) {
    const passed = survey
      .slice(0, BACKENDS.indexOf(candidate.backend))
      .map((state) => `no ${state.backend}: ${state.reason}`);
    options.onProgress([`backend ${candidate.backend}`, ...(options.backend === 'auto' ? passed : [])].join('; '));
    try {
      return await attach(candidate.backend, program, btf, options);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      failure = error;
      if (candidate !== candidates.at(-1)) options.onProgress(`${candidate.backend} did not attach: ${error.why}`);
    }
  }
  throw failure ?? new Error('unreachable: no candidate was tried');
};

const attach = async (
  backend: Backend,
  program: BpftraceProgram,
  btf: Btf,
  options: LiveOptions,
): Promise<LiveCapture | null> => {
  if (options.signal?.aborted === true) return null;
  const composed = compose(backend, program.version, btf.has, options);
  const child = spawnBpftrace(program, composed);
  const { finwaitVersion, filters, minAgeMs } = options;
  return run(child, { backend, program, btf, finwaitVersion, filters, minAgeMs }, options, composed.keys);
};

const run = async (
  child: BpftraceChild,
  facts: CaptureFacts,
  options: LiveOptions,
  keys: number,
): Promise<LiveCapture | null> => {
  const clock = createBootClock();
  const messages: string[] = [];
  let isAttached = false;
  let isStopping = false;
  let lastLineAt = performance.now();
  // A line that split2 still holds when all is written has no line break: it is torn, though it may look whole.
  // Kernel addresses are hidden first of all: no reader, recording or screen sees one.
  const lines = child.stdout
    .pipe(hideAddresses())
    .pipe(
      split2('\n', (line: string): string => (lines.writableEnded && lines.writableLength === 0 ? TORN + line : line)),
    );
  /** Lines of other CPUs that came before the handshake: bpftrace reads the CPUs' buffers one after the other. */
  const early: string[] = [];
  let restingSince: number | null = null;
  const resume = (): void => {
    lines.resume();
    const rested = restingSince === null ? 0 : performance.now() - restingSince;
    restingSince = null;
    if (rested > STALL_MS) notice(`finwait itself was stalled for ${Math.round(rested)} ms`);
  };

  const put = (line: string): void => {
    if (options.onLine(line)) return;
    lines.pause();
    restingSince ??= performance.now();
  };
  const losses = createLosses(put, clock.now);
  const lose = (count: number, where: string): void => {
    losses.lost(count, where);
    watch?.doubt();
  };
  const strays = createStrays(put, clock.now, options.onProgress);
  const decode = createDecoder();
  /** Passes on a line in the wire's own form. A line that does not decode is no evidence, whatever its letter. */
  const putChecked = (line: string): void => {
    if (decode(line)?.kind === 'malformed') strays.take(line);
    else put(line);
  };
  const notice = (text: string): void => put(ownLine.notice(clock.now(), text));
  const room = createMapRoom(keys, notice, lose);
  const deferred = createDeferredLines(putChecked, clock.now, lose, room);
  let watch: Watch | null = null;
  const onChatter = (line: string, read: (line: string) => Chatter): Chatter['kind'] => {
    const said = read(line);
    if (said.kind === 'lost') lose(said.count, 'bpftrace dropped them: its buffer was full');
    // The probes themselves count the entries that a full map refused, on every bpftrace.
    if (said.kind === 'map_full') losses.mapFull(said.at);
    if (said.kind === 'map_full' || said.kind === 'message') {
      messages.push(said.text.slice(0, MESSAGE_CHARACTERS));
      if (messages.length > KEPT_MESSAGES) messages.shift();
    }
    return said.kind;
  };
  const readStderr = createChatterReader();
  const readStdout = createChatterReader();
  const complaints = child.stderr.pipe(split2()).on('data', (line: string) => onChatter(line, readStderr));

  const attached = Promise.withResolvers<void>();
  lines.on('data', (line: string) => {
    lastLineAt = performance.now();
    if (!isAttached) {
      const boot = HANDSHAKE.exec(line);
      if (boot === null) {
        if (isWireLine(line) && early.length < MAX_EARLY) early.push(line);
        else onChatter(line, readStdout);
        return;
      }
      isAttached = true;
      clock.observe(BigInt(boot[1] ?? 0));
      options.onMeta(describeCapture(line, facts));
      putChecked(line);
      for (const held of early.splice(0)) deferred.take(held);
      attached.resolve();
      return;
    }
    if (isWireLine(line)) {
      const tick = /^C (\d{1,20})(?= |$)/.exec(line)?.[1];
      if (tick !== undefined) clock.observe(BigInt(tick));
      deferred.take(line);
    } else if (line.startsWith(TORN)) strays.torn(line.slice(TORN.length));
    else if (onChatter(line, readStdout) === 'message') strays.take(line);
  });

  const ended = Promise.withResolvers<Fault | null>();
  const drained = [lines, complaints].map(
    (stream) => new Promise<void>((resolve) => stream.once('end', resolve).once('close', resolve)),
  );
  const exit = child.then(async (result) => {
    await Promise.all(drained);
    losses.flush();
    strays.flush();
    room.flush();
    return result;
  });
  // bpftrace must end too when finwait ends at once, by a second Ctrl+C or a crash.
  const killNow = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killNow);
  void exit.then(() => process.off('exit', killNow));
  const giveUp = (): void => {
    child.kill('SIGINT');
  };
  options.signal?.addEventListener('abort', giveUp, { once: true });
  const timeout = setTimeout(() => {
    messages.push(`no handshake within ${ATTACH_TIMEOUT_MS / 1000} s`);
    child.kill('SIGKILL');
  }, ATTACH_TIMEOUT_MS);
  const outcome = await Promise.race([attached.promise.then(() => null), exit]);
  clearTimeout(timeout);
  options.signal?.removeEventListener('abort', giveUp);
  if (outcome !== null) {
    if (options.signal?.aborted === true) return null;
    throw attachFault(facts.backend, outcome, messages, lacksCapability('CAP_SYS_ADMIN'));
  }

  // The kernel's own figures come first: the inventory of a busy host takes its time.
  watch = startWatch({ clock, put, pid: child.pid, lastLineAt: () => lastLineAt, isInDoubt: options.isInDoubt });
  const orphans = await putInventory(clock, put, facts.minAgeMs, options.signal);
  const readings = startReadings({ clock, put, orphans });
  const host = watchHost({ clock, put });

  void exit.then((result) => {
    watch?.stop();
    host.stop();
    readings.stop();
    if (isStopping || options.signal?.aborted === true) return ended.resolve(null);
    notice(`bpftrace ended by itself (${howItEnded(result)})`);
    ended.resolve(
      new Fault(`bpftrace ended by itself (${howItEnded(result)})`, {
        why: messages.at(-1) ?? 'it said nothing; events after that moment are not known',
        remedy: 'dmesg | tail   (the OOM killer?), then start finwait again',
        exitCode: EXIT.failed,
      }),
    );
  });

  return {
    ended: ended.promise,
    bpftracePid: child.pid,
    resume,
    stop: async () => {
      if (!isStopping) {
        isStopping = true;
        watch?.look();
        readings.stop();
        await host.finish();
        child.kill('SIGINT');
      }
      lines.resume();
      await ended.promise;
    },
  };
};
