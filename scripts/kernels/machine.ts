import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runProgram, say, Trouble } from './run-program.ts';

type Tool = { readonly program: string; readonly pkg: string };

const TO_RUN: readonly Tool[] = [
  { program: 'qemu-system-x86_64', pkg: 'qemu-system-x86' },
  { program: 'mke2fs', pkg: 'e2fsprogs' },
  { program: 'tar', pkg: 'tar' },
];
const TO_BUILD: readonly Tool[] = [
  { program: 'debootstrap', pkg: 'debootstrap' },
  { program: 'dpkg-deb', pkg: 'dpkg' },
  { program: 'xz', pkg: 'xz-utils' },
];
export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** mke2fs and debootstrap are in sbin, which is not on everybody's PATH. */
export const addSbinToPath = (): void => {
  process.env['PATH'] = [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter);
};

const isThere = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((dir) => dir !== '' && existsSync(join(dir, program)));

/** Root builds the images: debootstrap and chroot need it. Guests are run by anybody. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * Installs what is missing, when root on Debian.
 *
 * @param forBuilding - true if images are to be built as well
 * @throws Trouble naming what to install, where that cannot be done here
 */
export const setUpMachine = async (forBuilding: boolean): Promise<void> => {
  const missing = [...TO_RUN, ...(forBuilding ? TO_BUILD : [])].filter(({ program }) => !isThere(program));
  const packages = missing.map(({ pkg }) => pkg);
  if (forBuilding && !existsSync(KEYRING)) packages.push('debian-archive-keyring');
  if (packages.length === 0) return;
  const byHand = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (!isThere('apt-get') || !isRoot()) {
    throw new Trouble(`missing: ${packages.join(', ')}; on Debian: sudo ${byHand}`);
  }
  say(`installing ${packages.join(', ')}`);
  await runProgram('apt-get', ['-qq', 'update']);
  await runProgram('apt-get', ['-qq', 'install', '-y', '--no-install-recommends', ...packages]);
};
