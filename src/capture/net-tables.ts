import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import type { Netns } from './netns.ts';

/** /proc/net/tcp and tcp6 of a namespace, one after the other; null where they cannot be read. Never throws. */
export const readNetTables = async (netns: Netns): Promise<string | null> => {
  try {
    if (netns.pid !== null) {
      const tcp = await readFile(`/proc/${netns.pid}/net/tcp`, 'utf8');
      // Absent where IPv6 is off.
      const tcp6 = await readFile(`/proc/${netns.pid}/net/tcp6`, 'utf8').catch(() => '');
      return tcp + tcp6;
    }
    const command = [`--net=${netns.mount ?? ''}`, 'cat', '/proc/thread-self/net/tcp', '/proc/thread-self/net/tcp6'];
    const result = await execa('nsenter', command, { reject: false, timeout: 5000, stripFinalNewline: false });
    return result.stdout === '' ? null : result.stdout;
  } catch {
    return null;
  }
};
