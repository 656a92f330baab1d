import { needProgram } from '../programs/find.ts';

/**
 * The command that prints files as a process in a network namespace sees them.
 *
 * @param mount - of the namespace
 * @throws Fault (exit 3) when nsenter or cat is missing, or may be somebody else's
 */
export const catInside = (mount: string, files: readonly string[]): readonly [string, ...string[]] => [
  needProgram('nsenter'),
  `--net=${mount}`,
  needProgram('cat'),
  ...files,
];
