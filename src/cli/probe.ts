import { findBpftrace } from '../capture/bpftrace/bpftrace.ts';
import { compose } from '../capture/bpftrace/compose.ts';
import { commandOf } from '../capture/bpftrace/spawn.ts';
import { firstBackend, lookAtKernel } from '../capture/kernel/look-first.ts';
import { filterOf } from '../filter/filter.ts';
import { EXIT, type ExitCode } from '../kernel/fault.ts';
import { tell } from '../output/stderr.ts';
import { createOutput } from '../output/stdout.ts';
import { SYSTEM_PATH } from '../programs/find.ts';
import { printable } from '../text/printable.ts';
import { idleFilters, minAgeOf, type SharedOptions } from './arguments.ts';
import { dropRoot } from './drop-root.ts';

/**
 * `finwait probe`: prints the script that a live capture would give bpftrace here, on stdout, and the command that
 * would start bpftrace, on stderr. Runs nothing but `bpftrace --version`.
 */
export const probe = async (options: SharedOptions): Promise<ExitCode> => {
  // Most hosts let only root look into tracefs. Nothing is run with root's rights, and nothing is judged before they are gone.
  const sight = lookAtKernel();
  dropRoot();
  const { backend, btf } = firstBackend(options.backend, sight);
  const { path, version } = await findBpftrace([]);
  const composed = compose(backend, version, btf.has, {
    only: filterOf(options),
    minAgeMs: minAgeOf(options),
    mapKeys: options.mapKeys,
  });
  const { words, env } = commandOf(path, composed);
  const variables = Object.entries({ PATH: SYSTEM_PATH, ...env }).map(([name, value]) => `${name}=${value}`);
  tell(
    `backend ${backend}, bpftrace ${version}, the script on its stdin: env -i ${[...variables, ...words].join(' ')}`,
  );
  const idle = idleFilters(options);
  if (idle.length > 0) tell(`the script is the same whatever ${idle.join(', ')}: finwait itself filters by that`);
  const output = createOutput();
  // All of it is ASCII, which `printable` leaves as it is: the bytes are those that bpftrace gets.
  for (const line of composed.script.replace(/\n$/, '').split('\n')) output.line(printable(line));
  await output.flush();
  return EXIT.done;
};
