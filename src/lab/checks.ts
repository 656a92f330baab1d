import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { EXIT, Fault } from '../kernel/fault.ts';

const TOOLS: readonly { readonly program: string; readonly pkg: string; readonly purpose: string }[] = [
  { program: 'ip', pkg: 'iproute2', purpose: 'the lab makes network namespaces with it' },
  { program: 'ss', pkg: 'iproute2', purpose: 'the lab ends sockets with it, so that its namespaces can go' },
  { program: 'nft', pkg: 'nftables', purpose: 'the lab drops packets with it' },
  { program: 'python3', pkg: 'python3', purpose: 'the lab makes its sockets with it: Node has no SO_LINGER' },
];

const isOnPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((dir) => {
    try {
      if (dir === '') return false;
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** @throws Fault (exit 3) where this machine cannot run the lab, with the command that mends it */
export const checkLab = (): void => {
  if (process.platform !== 'linux') {
    throw new Fault(`the lab needs Linux: this is ${process.platform}`, {
      why: 'it makes the sockets of the Linux kernel die',
      remedy: "run 'finwait demo', which shows a recording",
      exitCode: EXIT.cannotTrace,
    });
  }
  for (const { program, pkg, purpose } of TOOLS) {
    if (isOnPath(program)) continue;
    throw new Fault(`${program} is not installed`, {
      why: purpose,
      remedy: `apt-get install ${pkg}`,
      exitCode: EXIT.cannotTrace,
    });
  }
  if (process.getuid?.() !== 0) {
    throw new Fault('the lab needs root', {
      why: 'it makes network namespaces, and kills sockets in them',
      remedy: 'sudo finwait lab',
      exitCode: EXIT.cannotTrace,
    });
  }
};
