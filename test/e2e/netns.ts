import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { execa } from 'execa';

/** A network namespace, as one of two hosts on a wire. */
export type Host = {
  readonly name: string;
  /** Its inode: what finwait calls `netns`. */
  readonly inode: number;
  readonly v4: string;
  readonly v6: string;
  /** Runs a program inside and gives its stdout. */
  readonly run: (file: string, ...args: readonly string[]) => Promise<string>;
  readonly sysctl: (name: string, value: number | string) => Promise<void>;
  /** Drops what comes in and matches, until `heal`. */
  readonly drop: (match: string) => Promise<void>;
  readonly heal: () => Promise<void>;
  /** The number of sockets in these states, minisocks aside. */
  readonly count: (...states: readonly string[]) => Promise<number>;
  /** The figures of /proc/net/snmp and netstat, as nstat names them. */
  readonly counters: () => Promise<ReadonlyMap<string, number>>;
};

/** Sockets are to die in `near`; their peers are in `far`. A veth pair joins the two. */
export type Network = {
  readonly near: Host;
  readonly far: Host;
  /** Makes ready for the next test: heals the wire, and ends every connection in both. */
  readonly calm: () => Promise<void>;
  /** Ends the sockets that still live in both, then removes them. Safe to repeat. */
  readonly remove: () => Promise<void>;
};

const PREFIX = 'finwait-e2e';
let made = 0;
const standing = new Set<string>();

const ip = (...args: readonly string[]) => execa('ip', args);

/** Namespaces of an earlier run that was killed before it could clean up. */
const removeStale = (): void => {
  for (const name of existsSync('/run/netns') ? readdirSync('/run/netns') : []) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeNow(name);
  }
};

const quietly = (...args: readonly string[]): void => {
  try {
    execFileSync('ip', args, { stdio: 'ignore', timeout: 10_000 });
  } catch {
    // Gone already.
  }
};

const killSockets = (name: string, states: 'all' | 'connected'): void =>
  quietly('netns', 'exec', name, 'ss', '-HKt', 'state', states);

/** Kills the sockets first: an orphan would keep the namespace, and the kernel's count, for minutes. */
const removeNow = (name: string): void => {
  killSockets(name, 'all');
  quietly('netns', 'del', name);
  standing.delete(name);
};
process.once('exit', () => {
  for (const name of standing) removeNow(name);
});

const makeHost = async (name: string, number: number): Promise<Host> => {
  await ip('netns', 'add', name);
  standing.add(name);
  await ip('-n', name, 'link', 'set', 'lo', 'up');
  const run: Host['run'] = async (file, ...args) => (await ip('netns', 'exec', name, file, ...args)).stdout;
  const nft = (script: string): Promise<string> => run('nft', script);
  await nft('add table inet e2e; add chain inet e2e in { type filter hook input priority 0; }');
  return {
    name,
    inode: statSync(`/run/netns/${name}`).ino,
    v4: `10.231.0.${number}`,
    v6: `fd00:e2e::${number}`,
    run,
    sysctl: async (key, value) => {
      await run('sysctl', '-qw', `${key}=${value}`);
    },
    drop: async (match) => {
      await nft(`add rule inet e2e in ${match} drop`);
    },
    heal: async () => {
      await nft('flush chain inet e2e in');
    },
    count: async (...states) => {
      const lines = await run('ss', '-Htno', ...states.flatMap((state) => ['state', state]));
      return lines.split('\n').filter((line) => line !== '' && !line.includes('timer:(timewait')).length;
    },
    counters: async () => parseCounters(await run('cat', '/proc/net/snmp', '/proc/net/netstat')),
  };
};

export const parseCounters = (text: string): ReadonlyMap<string, number> => {
  const figures = new Map<string, number>();
  const lines = text.split('\n');
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [group = '', ...names] = (lines[i] ?? '').split(' ');
    const values = (lines[i + 1] ?? '').split(' ').slice(1);
    for (const [index, name] of names.entries()) figures.set(group.replace(':', '') + name, Number(values[index]));
  }
  return figures;
};

/** Makes two namespaces of this process's own and a wire between them. Nothing is left behind, whatever fails. */
export const makeNetwork = async (): Promise<Network> => {
  removeStale();
  const stem = `${PREFIX}-${process.pid}-${++made}`;
  const names = [`${stem}-near`, `${stem}-far`] as const;
  const remove = async (): Promise<void> => {
    for (const name of names) if (standing.has(name)) removeNow(name);
  };
  try {
    const near = await makeHost(names[0], 1);
    const far = await makeHost(names[1], 2);
    await ip('-n', near.name, 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth0', 'netns', far.name);
    for (const host of [near, far]) {
      await ip('-n', host.name, 'addr', 'add', `${host.v4}/24`, 'dev', 'veth0');
      await ip('-n', host.name, 'addr', 'add', `${host.v6}/64`, 'dev', 'veth0', 'nodad');
      await ip('-n', host.name, 'link', 'set', 'veth0', 'up');
    }
    const calm = async (): Promise<void> => {
      for (const host of [near, far]) {
        await host.heal();
        killSockets(host.name, 'connected');
      }
    };
    return { near, far, calm, remove };
  } catch (error) {
    await remove();
    throw error;
  }
};

/**
 * Takes the name from a namespace and keeps it by an open file: no process and no mount leads there any more. Its
 * sockets are killed on release.
 */
export const holdNamespace = (host: Host): { readonly release: () => void } => {
  const fd = openSync(`/run/netns/${host.name}`, 'r');
  quietly('netns', 'del', host.name);
  standing.delete(host.name);
  return {
    release: () => {
      execFileSync('nsenter', ['--net=/proc/self/fd/3', 'ss', '-HKt', 'state', 'all'], {
        stdio: ['ignore', 'ignore', 'ignore', fd],
      });
      closeSync(fd);
    },
  };
};

/** The kernel's own count of the orphans of the whole machine. */
export const kernelOrphans = (): number =>
  Number(/^TCP: .*?\borphan (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1]);
