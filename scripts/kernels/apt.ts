import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GUEST_PACKAGES, KERNEL_PACKAGE, type Kernel } from './kernels.ts';
import { KEYRING } from './machine.ts';
import { runProgram, say, Trouble } from './run-program.ts';

const A_DAY_MS = 86_400_000;

/**
 * The mirror that this machine's own apt has for Debian, or KERNELS_MIRROR, for machines that are no Debian.
 *
 * @throws Trouble where there is neither
 */
export const findMirror = async (): Promise<string> => {
  const given = process.env['KERNELS_MIRROR'];
  if (given !== undefined && given !== '') return given;
  const targets = await runProgram('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(ORIGIN) $(LABEL) $(COMPONENT)',
    'Created-By: Packages',
  ]);
  const rows = targets.split('\n').map((line) => line.split(' '));
  // Before the first `apt-get update` origin and label are unknown; the URI is not.
  const found =
    rows.find(([, ...rest]) => rest.join(' ') === 'Debian Debian main') ??
    rows.find(([uri = '']) => /\/debian\/$/.test(uri));
  if (found?.[0] === undefined) {
    throw new Trouble('apt has no Debian mirror here: name one, KERNELS_MIRROR=http://…/debian npm run test:kernels');
  }
  return found[0].replace(/\/$/, '');
};

/** The packages that apt would install for a guest, as `name=version`, and those of them that make up its kernel. */
export type Wanted = { readonly packages: readonly string[]; readonly kernel: readonly string[] };

/** An apt of its own for a suite: it knows no other source, and nothing as installed. */
export type SuiteApt = {
  readonly wanted: () => Promise<Wanted>;
  /** Downloads packages, checked by apt, into a folder. */
  readonly download: (packages: readonly string[], dir: string) => Promise<void>;
};

/**
 * The apt of a suite; its lists are refreshed once a day. Offline they stay as they are, which is said.
 *
 * @throws Trouble when they cannot be had at all
 */
export const aptOf = async (kernel: Kernel, mirror: string, cache: string): Promise<SuiteApt> => {
  const dir = join(cache, 'apt', kernel.suite);
  for (const sub of ['lists/partial', 'cache/archives/partial', 'parts'])
    mkdirSync(join(dir, sub), { recursive: true });
  writeFileSync(join(dir, 'sources.list'), `deb [signed-by=${KEYRING}] ${mirror} ${kernel.suite} main\n`);
  writeFileSync(join(dir, 'status'), '');
  const options = [
    `Dir::State::status=${dir}/status`,
    `Dir::State::Lists=${dir}/lists`,
    `Dir::Cache=${dir}/cache`,
    `Dir::Etc::sourcelist=${dir}/sources.list`,
    `Dir::Etc::sourceparts=${dir}/parts`,
    'Dir::Etc::preferences=/dev/null',
    `Dir::Etc::preferencesparts=${dir}/parts`,
    'APT::Architecture=amd64',
    'APT::Architectures=amd64',
    'APT::Sandbox::User=',
  ].flatMap((option) => ['-o', option]);
  const apt = (...args: readonly string[]): Promise<string> => runProgram('apt-get', [...options, '-qq', ...args]);

  const stamp = join(dir, 'updated');
  const updatedAt = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs;
  if (updatedAt === undefined || Date.now() - updatedAt > A_DAY_MS) {
    try {
      await apt('update');
      writeFileSync(stamp, mirror);
    } catch (error) {
      if (!(error instanceof Trouble) || updatedAt === undefined) throw error;
      say(`${kernel.suite}: the package lists stay as they were: ${error.message}`);
    }
  }
  return {
    wanted: async () => {
      const plan = await apt('-s', 'install', '--no-install-recommends', KERNEL_PACKAGE, ...GUEST_PACKAGES);
      const installs = [...plan.matchAll(/^Inst (\S+) \((\S+)/gm)].map(([, name = '', version = '']) => ({
        name,
        text: `${name}=${version}`,
      }));
      const parts = installs.filter(({ name }) => /^linux-(?:image|binary|modules)-\d/.test(name));
      if (parts.length === 0) throw new Trouble(`${kernel.suite}: no kernel in what apt would install`);
      return {
        packages: installs.filter(({ name }) => GUEST_PACKAGES.includes(name)).map(({ text }) => text),
        kernel: parts.map(({ text }) => text),
      };
    },
    download: async (packages, to) => {
      await runProgram('apt-get', [...options, '-qq', 'download', ...packages], to);
    },
  };
};
