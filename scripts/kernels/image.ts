import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptOf, findMirror, type Wanted } from './apt.ts';
import { type Entry, packCpio } from './cpio.ts';
import { GUEST_PACKAGES, type Kernel } from './kernels.ts';
import { isRoot, KEYRING, setUpMachine } from './machine.ts';
import { runProgram, say, Trouble } from './run-program.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
/** The files that make an image: a change in these makes it anew. */
const RECIPE = ['image.ts', 'kernels.ts', 'cpio.ts', 'guest/init'];
/** Drivers of the guest's disks, and what they need, go into the initramfs; some kernels have them built in. */
const DISK_DRIVERS = ['virtio_pci', 'virtio_blk'];
/** Sparse: parts that are not written take no room on the host. */
const ROOT_SIZE = '3G';

/** A kernel ready to boot. */
export type Image = { readonly vmlinuz: string; readonly initrd: string; readonly root: string };

const hashOf = (wanted: Wanted): string => {
  const hash = createHash('sha256');
  for (const file of RECIPE) hash.update(readFileSync(join(HERE, file)));
  hash.update(JSON.stringify(wanted));
  return hash.digest('hex');
};

const only = (paths: readonly string[], what: string): string => {
  const [path] = paths;
  if (path === undefined) throw new Trouble(`the packages have no ${what}`);
  return path;
};

/** The image of a kernel as cached, or made anew when the recipe or Debian's packages have changed. Needs root then. */
const imageOf = async (kernel: Kernel, cache: string): Promise<Image> => {
  const dir = join(cache, 'images', kernel.suite);
  const image: Image = { vmlinuz: join(dir, 'vmlinuz'), initrd: join(dir, 'initrd'), root: join(dir, 'root.ext4') };
  const note = join(dir, 'made-of');
  const cached = existsSync(note) ? readFileSync(note, 'utf8') : null;
  if (!isRoot()) {
    if (cached !== null) return image;
    throw new Trouble('the images are made as root, once: sudo npm run test:kernels -- --build');
  }
  const mirror = await findMirror();
  const apt = await aptOf(kernel, mirror, cache);
  const wanted = await apt.wanted();
  const hash = hashOf(wanted);
  if (cached === hash) return image;

  const startedAt = performance.now();
  say(`${kernel.name}: making its image of ${[...wanted.kernel, ...wanted.packages].join(' ')}`);
  rmSync(dir, { recursive: true, force: true });
  const work = join(dir, 'work');
  const root = join(work, 'root');
  const packages = join(work, 'packages');
  const unpacked = join(work, 'kernel');
  for (const each of [root, packages, unpacked]) mkdirSync(each, { recursive: true });

  await runProgram('debootstrap', ['--variant=minbase', `--keyring=${KEYRING}`, kernel.suite, root, mirror]);
  const inRoot = (...args: readonly string[]): Promise<string> => runProgram('chroot', [root, ...args]);
  await inRoot('apt-get', '-qq', 'install', '-y', '--no-install-recommends', ...GUEST_PACKAGES);
  await inRoot('apt-get', '-qq', 'clean');

  await apt.download(wanted.kernel, packages);
  for (const deb of globSync(join(packages, '*.deb'))) await runProgram('dpkg-deb', ['-x', deb, unpacked]);
  const modules = only(globSync(join(unpacked, '{usr/,}lib/modules/*')), 'modules');
  const version = basename(modules);
  copyFileSync(only(globSync([join(unpacked, 'boot/vmlinuz-*'), join(modules, 'vmlinuz')]), 'vmlinuz'), image.vmlinuz);
  rmSync(join(modules, 'vmlinuz'), { force: true });
  cpSync(modules, join(root, 'usr/lib/modules', version), { recursive: true, verbatimSymlinks: true });
  await inRoot('depmod', version);
  writeFileSync(image.initrd, packCpio(await initramfs(root, version)));
  mkdirSync(join(root, 'mnt/in'), { recursive: true });
  await runProgram('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', root, image.root, ROOT_SIZE]);
  rmSync(work, { recursive: true });
  writeFileSync(note, hash);
  say(`${kernel.name}: made in ${Math.round((performance.now() - startedAt) / 1000)} s: Linux ${version}`);
  return image;
};

/** Debootstraps that run at once: most of their time is one CPU's, or the network's. */
const AT_ONCE = 3;

/** The images of these kernels, as cached or made anew. */
export const imagesOf = async (kernels: readonly Kernel[], cache: string): Promise<ReadonlyMap<Kernel, Image>> => {
  if (isRoot()) await setUpMachine(true);
  const images = new Map<Kernel, Image>();
  const waiting = [...kernels];
  const work = async (): Promise<void> => {
    for (let kernel = waiting.shift(); kernel !== undefined; kernel = waiting.shift()) {
      images.set(kernel, await imageOf(kernel, cache));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return images;
};

/** busybox, the init of guest/, and the modules of the disks in the order in which they load. */
const initramfs = async (root: string, version: string): Promise<readonly Entry[]> => {
  const order: string[] = [];
  const files: Entry[] = [];
  for (const driver of DISK_DRIVERS) {
    const isModule = globSync(join(root, 'usr/lib/modules', version, 'kernel/**', `${driver}.ko*`)).length > 0;
    if (!isModule) continue; // built in
    const plan = await runProgram('chroot', [root, 'modprobe', '-S', version, '--show-depends', driver]);
    for (const [, path = ''] of plan.matchAll(/^insmod (\S+)/gm)) {
      const name = basename(path).replace(/\.xz$/, '');
      if (order.includes(name)) continue;
      order.push(name);
      const file = join(root, path);
      if (path.endsWith('.xz')) await runProgram('xz', ['-dkf', file]);
      files.push({ path: `modules/${name}`, mode: 0o644, data: readFileSync(file.replace(/\.xz$/, '')) });
      if (path.endsWith('.xz')) rmSync(file.replace(/\.xz$/, ''));
    }
  }
  const directory = (path: string): Entry => ({ path, mode: 0o755, data: null });
  const busybox = only(globSync([join(root, 'usr/bin/busybox'), join(root, 'bin/busybox')]), 'busybox');
  return [
    ...['bin', 'modules', 'dev', 'proc', 'sys', 'newroot'].map(directory),
    { path: 'bin/busybox', mode: 0o755, data: readFileSync(busybox) },
    { path: 'init', mode: 0o755, data: readFileSync(join(HERE, 'guest/init')) },
    { path: 'modules/order', mode: 0o644, data: Buffer.from(order.map((name) => `${name}\n`).join('')) },
    ...files,
  ];
};
