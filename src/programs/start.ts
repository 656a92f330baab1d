import { execa } from 'execa';
import { SYSTEM_PATH } from './find.ts';

/**
 * Starts a program in a directory and an environment of finwait's making. It learns nothing of where finwait was
 * started and no variable of its caller: compilers, loaders and interpreters read files and run programs by these.
 * Takes execa's arguments: a path as `findProgram` gave it, words, and options; variables in `env` come beside PATH.
 */
export const startProgram = execa({ cwd: '/', env: { PATH: SYSTEM_PATH }, extendEnv: false });

/** Options of `startProgram` for one that the end of a signal's work ends. */
export const cancelledBy = (signal: AbortSignal | undefined): { readonly cancelSignal?: AbortSignal } =>
  signal === undefined ? {} : { cancelSignal: signal };
