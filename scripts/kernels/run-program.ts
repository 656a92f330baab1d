import { execa } from 'execa';

/** Tells a person how far it is: stdout is the table's. */
export const say = (line: string): void => {
  process.stderr.write(`kernels: ${line}\n`);
};

/** A thing this machine lacks, or did not manage: said without a stack. */
export class Trouble extends Error {}

/**
 * Runs a program to its end and gives its stdout.
 *
 * @throws Trouble with the last lines that it printed when it fails
 */
export const runProgram = async (file: string, args: readonly string[], cwd?: string): Promise<string> => {
  const result = await execa(file, args, {
    reject: false,
    stdin: 'ignore',
    maxBuffer: 1 << 26,
    env: { LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' },
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (result.failed) {
    const said = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-6).join('\n  ');
    throw new Trouble(
      `${file} ${args.slice(0, 3).join(' ')}… failed (${result.exitCode ?? result.signal}):\n  ${said}`,
    );
  }
  return result.stdout;
};
