import { dirname } from 'node:path';
import { EXIT, Fault } from '../kernel/fault.ts';
import { findProgram, needProgram, SYSTEM_PATH } from '../programs/find.ts';

const TOOLS: readonly { readonly program: string; readonly pkg: string; readonly purpose: string }[] = [
  { program: 'ip', pkg: 'iproute2', purpose: 'the lab makes network namespaces with it' },
  { program: 'ss', pkg: 'iproute2', purpose: 'the lab ends sockets with it, so that its namespaces can go' },
  { program: 'nft', pkg: 'nftables', purpose: 'the lab drops packets with it' },
  { program: 'python3', pkg: 'python3', purpose: 'the lab makes its sockets with it: Node has no SO_LINGER' },
];

/** The programs that start the worker. */
export type LabPrograms = {
  readonly python: string;
  /** PATH for it: the places of its tools, then the system's. */
  readonly path: string;
};

/** @throws Fault (exit 3) where this machine cannot run the lab, with the command that mends it */
export const checkLab = (): LabPrograms => {
  if (process.platform !== 'linux') {
    throw new Fault(`the lab needs Linux: this is ${process.platform}`, {
      why: 'it makes the sockets of the Linux kernel die',
      remedy: "run 'finwait demo', which shows a recording",
      exitCode: EXIT.cannotTrace,
    });
  }
  const found = TOOLS.map(({ program, pkg, purpose }) => {
    const path = findProgram(program);
    if (path !== null) return path;
    throw new Fault(`${program} is not installed`, {
      why: purpose,
      remedy: `apt-get install ${pkg}`,
      exitCode: EXIT.cannotTrace,
    });
  });
  if (process.getuid?.() !== 0) {
    throw new Fault('the lab needs root', {
      why: 'it makes network namespaces, and kills sockets in them',
      remedy: 'sudo finwait lab',
      exitCode: EXIT.cannotTrace,
    });
  }
  return {
    python: needProgram('python3'),
    path: [...new Set([...found.map((path) => dirname(path)), SYSTEM_PATH])].join(':'),
  };
};
