import { readFileSync } from 'node:fs';
import { EXIT, Fault } from '../../kernel/fault.ts';

const FILE = '/sys/kernel/security/lockdown';
const LEVELS = ['none', 'integrity', 'confidentiality'] as const;
export type Lockdown = (typeof LEVELS)[number];

/** `none [integrity] confidentiality`: the level in brackets. Null for anything else. */
export const parseLockdown = (text: string): Lockdown | null =>
  LEVELS.find((level) => text.includes(`[${level}]`)) ?? null;

/** The kernel's lockdown level; null where it has no such thing, or securityfs is not mounted. */
export const readLockdown = (): Lockdown | null => {
  try {
    return parseLockdown(readFileSync(FILE, 'utf8'));
  } catch {
    return null;
  }
};

export const LOCKDOWN_WHY =
  'lockdown is confidentiality: the kernel lets nobody read its memory by BPF, and no tracefs be opened';
export const LOCKDOWN_FIX = 'boot with lockdown=integrity, or without lockdown=, on the kernel command line';

/** @throws Fault (exit 3) where lockdown forbids tracing, to root too @see Linux security/lockdown/lockdown.c */
export const checkLockdown = (level: Lockdown | null = readLockdown()): void => {
  if (level !== 'confidentiality') return;
  throw new Fault('this kernel is locked down', {
    why: LOCKDOWN_WHY,
    remedy: LOCKDOWN_FIX,
    exitCode: EXIT.cannotTrace,
  });
};
