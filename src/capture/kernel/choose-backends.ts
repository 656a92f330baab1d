import { EXIT, Fault } from '../../kernel/fault.ts';
import { type Backend, type BackendState, findTracefs, isTracefsShut } from './backend.ts';
import type { Btf } from './btf.ts';

export type Choice = {
  readonly btf: Btf;
  /** The backends to try, the first one first. */
  readonly candidates: readonly [BackendState, ...BackendState[]];
};

/**
 * The wanted backends that can trace here.
 *
 * @param survey - the result of `surveyBackends`
 * @throws Fault (exit 3) when there is none, and why
 */
export const chooseBackends = (
  wanted: Backend | 'auto',
  btf: Btf | undefined,
  survey: readonly BackendState[],
): Choice => {
  const [first, ...others] = survey.filter(
    ({ backend, isAvailable }) => isAvailable && (wanted === 'auto' || backend === wanted),
  );
  if (first !== undefined && btf !== undefined) return { btf, candidates: [first, ...others] };
  throw new Fault(
    wanted === 'auto' ? 'no backend can trace on this kernel' : `the ${wanted} backend cannot trace on this kernel`,
    {
      why: reasonsOf(survey),
      remedy: isTracefsShut()
        ? 'sudo finwait …'
        : findTracefs() === null
          ? 'mount -t tracefs nodev /sys/kernel/tracing'
          : btf === undefined
            ? "boot a kernel with BTF, as Debian's, Ubuntu's and Fedora's are; then finwait doctor"
            : 'finwait doctor',
      exitCode: EXIT.cannotTrace,
    },
  );
};

/** The reasons that keep the backends from tracing; one that all share is said once. */
const reasonsOf = (survey: readonly BackendState[]): string => {
  const [first, ...others] = new Set(survey.map((state) => state.reason));
  if (first !== undefined && others.length === 0) return first;
  return survey.map((state) => `${state.backend}: ${state.reason}`).join('; ');
};
