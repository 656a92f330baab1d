import { readFileSync } from 'node:fs';

const read = (): string => {
  const value: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof value === 'object' && value !== null && 'version' in value ? String(value.version) : 'unknown';
};

/** finwait's own version, from its package.json. */
export const VERSION = read();
