import { listSocks, listThroughSs } from '../../../src/capture/sockets/list-socks.ts';
import { listNetns } from '../../../src/capture/sockets/netns.ts';
import type { ProcSock } from '../../../src/capture/sockets/proc-net-tcp.ts';
import type { Sockets } from '../verdict.ts';

/** ss cuts timers of 10 s and more to whole seconds. */
const CUT_OFF_MS = 1000;

const keyOf = ({ family, laddr, lport, raddr, rport }: ProcSock): string =>
  `${family} ${laddr} ${lport} ${raddr} ${rport}`;
const byKey = (socks: readonly ProcSock[]): ReadonlyMap<string, ProcSock> =>
  new Map(socks.map((sock) => [keyOf(sock), sock]));
const steady = ({ timerMs, ...rest }: ProcSock): string => JSON.stringify(rest);

/** Compares this kernel's own ss with /proc/net/tcp in every namespace, for sockets that did not change meanwhile. */
export const compareSocks = async (): Promise<Sockets> => {
  const wrong: string[] = [];
  let compared = 0;
  let timers = 0;
  for (const netns of listNetns().namespaces) {
    const before = await listSocks(netns);
    const asked = await listThroughSs(netns);
    const after = byKey((await listSocks(netns)) ?? []);
    if (before === null || typeof asked === 'string') {
      // A lab that has ended may still be taking its namespaces away.
      if (!listNetns().namespaces.some(({ inode }) => inode === netns.inode)) continue;
      wrong.push(`namespace ${netns.inode}: ${typeof asked === 'string' ? asked : 'it cannot be read'}`);
      continue;
    }
    const told = byKey(asked);
    for (const sock of before) {
      const since = after.get(keyOf(sock));
      if (since === undefined || steady(since) !== steady(sock) || since.timerMs > sock.timerMs) continue;
      compared++;
      if (sock.timer !== 0) timers++;
      const ours = told.get(keyOf(sock));
      if (ours === undefined) wrong.push(`ss does not list ${keyOf(sock)}`);
      else if (steady(ours) !== steady(sock)) wrong.push(`ss has ${steady(ours)} for ${steady(sock)}`);
      else if (ours.timerMs > sock.timerMs + 10 || ours.timerMs < since.timerMs - CUT_OFF_MS - 10) {
        wrong.push(`ss has ${ours.timerMs} ms for ${sock.timerMs} ms, and ${since.timerMs} ms after it`);
      }
    }
  }
  return { compared, timers, wrong };
};
