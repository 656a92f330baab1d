import { EXIT, Fault } from '../../kernel/fault.ts';
import { type Backend, type BackendState, isShut, isTracefsShut, surveyBackends } from './backend.ts';
import { BTF_FILE, type Btf, loadBtf } from './btf.ts';
import { chooseBackends } from './choose-backends.ts';
import { checkLockdown } from './lockdown.ts';

/** The files that the kernel showed to this process, and those it kept from it. */
export type Sight = {
  readonly btf: Btf | undefined;
  readonly survey: readonly BackendState[];
  /** True if the file is there and this process may not read it. */
  readonly isBtfShut: boolean;
  /** True if this process may not even see if tracefs is mounted: on most hosts only root may. */
  readonly isTracefsShut: boolean;
};

/** Looks at the kernel, and judges nothing: whoever calls this may give rights up before they go on. */
export const lookAtKernel = (): Sight => {
  const btf = loadBtf();
  return {
    btf,
    survey: surveyBackends(btf),
    isBtfShut: btf === undefined && isShut(BTF_FILE),
    isTracefsShut: isTracefsShut(),
  };
};

/**
 * The backend that a live capture would try first. A backend asked for by name is taken as it is where tracefs cannot
 * be looked into.
 *
 * @throws Fault (exit 3) when there is none, or when it cannot be told without another right
 */
export const firstBackend = (
  wanted: Backend | 'auto',
  { btf, survey, isBtfShut, isTracefsShut }: Sight,
): { readonly backend: Backend; readonly btf: Btf } => {
  checkLockdown();
  if (isBtfShut) {
    throw new Fault("this user may not read the kernel's BTF", {
      why: `the script has the fields that ${BTF_FILE} lists; reading it needs CAP_DAC_READ_SEARCH here`,
      remedy: 'sudo finwait probe …   (it reads that file, and gives root up)',
      exitCode: EXIT.cannotTrace,
    });
  }
  if (isTracefsShut && btf !== undefined) {
    if (wanted !== 'auto') return { backend: wanted, btf };
    throw new Fault('this user may not see which backend would run here', {
      why: 'tracefs (/sys/kernel/tracing) tells, and looking into it needs CAP_DAC_READ_SEARCH here',
      remedy: 'sudo finwait probe …   (it looks there, and gives root up); or name one: finwait probe --backend fentry',
      exitCode: EXIT.cannotTrace,
    });
  }
  const choice = chooseBackends(wanted, btf, survey);
  return { backend: choice.candidates[0].backend, btf: choice.btf };
};
