import { describe, expect, test } from 'vitest';
import { parseMptcp, tokenOfSubflow } from '../../../src/capture/sockets/mptcp.ts';
import { closesOnExec, registeredIn, scmFiles } from '../../../src/capture/sockets/open-sockets.ts';

describe('what /proc/PID/fdinfo tells, on Linux 6.18', () => {
  test('exec() closes a descriptor with O_CLOEXEC among its flags', () => {
    expect(closesOnExec('pos:\t0\nflags:\t02000002\nmnt_id:\t10\nino:\t420753\n')).toBe(true);
    expect(closesOnExec('pos:\t0\nflags:\t02\nmnt_id:\t10\n')).toBe(false);
    expect(closesOnExec('')).toBeNull();
  });

  test('descriptors in the queue of a unix socket', () => {
    expect(scmFiles('pos:\t0\nflags:\t02\nmnt_id:\t10\nino:\t420754\nscm_fds: 1\n')).toBe(1);
    expect(scmFiles('pos:\t0\nflags:\t02\nmnt_id:\t10\nino:\t420754\n')).toBe(0);
  });

  test('sockets among the files of an io_uring', () => {
    const info = 'NAPI:\tdisabled\nUserFiles:\t3\n    0: socket:[420752]\n    1: /tmp/socket:[1]\n    2: socket:[9]\n';
    expect(registeredIn(info)).toEqual([420752, 9]);
  });
});

describe('MPTCP, as ss tells it', () => {
  const subflow =
    'ESTAB 0 0 127.0.0.1:42058 127.0.0.1:48413 ino:445454 sk:6b7 cgroup:/ <-> skmem:(r0,rb131072,t0,tb2626560,f0,w0,o0,bl0,d0) ts sack bbr rto:204 snd_wnd:65536 tcp-ulp-mptcp flags:Mmec token:0000(id:0)/36fca446(id:0) seq:fc380080cbb7306';
  const connection =
    'FIN-WAIT-2 0      0      127.0.0.1:42058 127.0.0.1:48413 timer:(keepalive,59sec,0) ino:0 sk:6b8 cgroup:/ --- subflows_max:2 remote_key token:36fca446 write_seq:181722d400dc245a';

  test('a subflow has the token of its connection', () => {
    expect(tokenOfSubflow(subflow)).toBe('36fca446');
    expect(parseMptcp(connection)).toEqual({
      token: '36fca446',
      found: { state: 'FIN_WAIT2', is_closed: true, timer_ms: 59_000 },
    });
  });

  test('a cgroup of such a name makes no subflow', () => {
    const named = subflow.split(' tcp-ulp')[0]?.replace('cgroup:/', 'cgroup:/ tcp-ulp-mptcp token:0(id:0)/1(id:0)');
    expect(tokenOfSubflow(named ?? '')).toBeNull();
  });

  test('another line is no connection', () => {
    expect(parseMptcp('')).toBeNull();
    expect(parseMptcp(connection.replace('token:', 'key:'))).toBeNull();
  });
});
