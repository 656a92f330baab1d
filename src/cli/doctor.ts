import { release } from 'node:os';
import { runChecks } from '../capture/checks.ts';
import type { Backend } from '../capture/kernel/backend.ts';
import { EXIT, type ExitCode } from '../kernel/fault.ts';
import { createOutput } from '../output/stdout.ts';
import { counted } from '../text/count.ts';
import { printable, repeated, safe } from '../text/printable.ts';
import { checksOfRights } from './check-rights.ts';

import { VERSION } from './version.ts';

export type DoctorOptions = { readonly backend: Backend | 'auto'; readonly json?: boolean };

/**
 * `finwait doctor`: says what can be traced here, what cannot, why, and the command that fixes it. Exit 3 if nothing
 * can.
 */
export const doctor = async (options: DoctorOptions): Promise<ExitCode> => {
  const { backend, checks: found } = await runChecks(options.backend);
  const [privilege, ...others] = found;
  const checks = [...(privilege === undefined ? [] : [privilege]), ...checksOfRights(), ...others];
  const canTrace = checks.every((check) => check.state !== 'missing');
  const output = createOutput();
  if (options.json === true) {
    output.record({
      type: 'doctor',
      finwait: VERSION,
      node: process.versions.node,
      kernel: release(),
      can_trace: canTrace,
      backend,
      checks,
    });
  } else {
    output.line(printable(`finwait ${VERSION}, Node ${process.versions.node}, Linux ${release()}`));
    for (const check of checks.filter(({ state }) => state !== 'unknown')) {
      output.line(printable(`${check.state.padEnd(8)} ${check.name.padEnd(36)} ${check.detail}`));
      if (check.fix !== null) output.line(safe`${repeated(' ', 46)}fix: ${printable(check.fix)}`);
    }
    const unknown = checks.filter(({ state }) => state === 'unknown').map(({ name }) => name);
    if (unknown.length > 0) {
      output.line(
        printable(
          `${'unknown'.padEnd(8)} ${counted(unknown.length, 'check').padEnd(36)} root alone may look: ${unknown.join(', ')}`,
        ),
      );
      output.line(safe`${repeated(' ', 46)}fix: sudo finwait doctor`);
    }
    const within = options.backend === 'auto' ? safe`` : safe` in its ${options.backend} backend`;
    output.line(
      canTrace
        ? safe`finwait can trace here${within}.`
        : safe`finwait cannot trace here${within}; 'finwait demo' shows a recording.`,
    );
  }
  await output.flush();
  return canTrace ? EXIT.done : EXIT.cannotTrace;
};
