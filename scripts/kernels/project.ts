import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runProgram } from './run-program.ts';

/** The parts of the project that a guest runs or reads. */
const PARTS = ['dist', 'src', 'probes', 'test', 'scripts', 'package.json'];

type Lock = {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly devOptional?: boolean; readonly optional?: boolean }>
  >;
};

/** Folders of the packages that finwait runs with, as `node_modules/…`. */
const productionPackages = (project: string): readonly string[] => {
  const lock: Lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'));
  return Object.entries(lock.packages)
    .filter(([path, each]) => path !== '' && each.dev !== true && each.devOptional !== true && each.optional !== true)
    .map(([path]) => path);
};

/**
 * A disk with the project as it is built, its production packages, and its Node.
 *
 * @param project root of the checkout, built
 * @returns path of the disk's image: ext4, read-only for the guest
 */
export const projectDisk = async (project: string, cache: string): Promise<string> => {
  const stage = join(cache, 'project');
  const disk = join(cache, 'project.ext4');
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(join(stage, 'node'), { recursive: true });
  for (const part of PARTS) cpSync(join(project, part), join(stage, part), { recursive: true });
  for (const path of productionPackages(project)) {
    cpSync(join(project, path), join(stage, path), { recursive: true, dereference: true });
  }
  cpSync(process.execPath, join(stage, 'node/node'));
  rmSync(disk, { force: true });
  await runProgram('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', stage, disk, '512M']);
  rmSync(stage, { recursive: true });
  return relative(process.cwd(), disk);
};
