"""A scenario's tools: sockets on both hosts, drops on the wire, and the note of the sockets that die.

Each play is a process of its own in the namespace `near`, with ports that no other play of the run has. Both ends live
in it: a socket belongs to the namespace that its maker was in.
"""
import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import time

import sock_diag
from notes import write
from stage import aborts_orphans, die_with_parent, enter, libc

TCP_SYNCNT, TCP_LINGER2, TCP_USER_TIMEOUT = 7, 8, 18
FIN_WAIT2, CLOSE_WAIT = 5, 8
SO_SNDBUFFORCE = 32
PORTS_EACH, FIRST_PORT = 10, 10_000
POLL_S, RARE_POLL_S, PATIENCE_S = 0.02, 0.2, 20

SCENARIOS = {}


def scenario(sysctls=None, host=False):
    """Names a function as a scenario. `sysctls` of near (net.ipv4.*) give it a stage of its own; `host`: plays alone."""
    def named(act):
        SCENARIOS[act.__name__] = {
            'act': act, 'sysctls': {'tcp_orphan_retries': 1} if sysctls is None else sysctls, 'host': host}
        return act
    return named


class Skip(Exception):
    """This kernel does not have it."""


def emit(type_, **fields):
    """One line, written at once: processes share this pipe."""
    os.write(1, (json.dumps({'type': type_, **fields}) + '\n').encode())


class Pair:
    """A connection from near to far."""

    def __init__(self, near, far, lport, rport):
        self.near, self.far, self.lport, self.rport = near, far, lport, rport
        self.ports = (lport, rport)


class Play:
    def __init__(self, name, number, stage, family, note):
        self.name, self.number, self.stage, self.family, self.note = name, number, stage, family, note
        self.af = socket.AF_INET6 if family == 'ipv6' else socket.AF_INET
        self.near_ip, self.far_ip = stage.near_ip, stage.far_ip
        self.ports = iter(range(FIRST_PORT + number * PORTS_EACH, FIRST_PORT + (number + 1) * PORTS_EACH))
        self.kept = []  # far ends that must outlive the act
        self.dying = []

    # --- Sockets.

    def port(self):
        """A port that no other socket of the run gets: a row is found by it."""
        return next(self.ports)

    def socket_in(self, where, proto=0):
        """A new socket of the `near` or the `far` host."""
        if where == 'near':
            return socket.socket(self.af, socket.SOCK_STREAM, proto)
        enter(self.stage.far)
        try:
            return socket.socket(self.af, socket.SOCK_STREAM, proto)
        finally:
            enter(self.stage.near)

    def listen(self, where, rcvbuf=None, proto=0, reuse=None, fastopen=None, anywhere=False):
        server = self.socket_in(where, proto)
        if rcvbuf:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        if reuse:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if fastopen:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, fastopen)
        port = reuse or self.port()
        here = self.near_ip if where == 'near' else self.far_ip
        server.bind(('' if anywhere else here, port))
        server.listen(16)
        self.kept.append(server)
        return server, port

    def near_socket(self, proto=0):
        """A socket of near, bound to a port of its own: (socket, port)."""
        near, lport = self.socket_in('near', proto), self.port()
        near.bind((self.near_ip, lport))
        return near, lport

    def pair(self, rcvbuf=None, lingers=None, half_open=False, proto=0):
        """
        :param rcvbuf: the far receive buffer: a small one is a small window
        :param lingers: SO_LINGER of near, in seconds
        :param half_open: TCP_LINGER2 100: near waits 40 s in FIN_WAIT2 as an orphan, not at once as a minisock
        """
        server, rport = self.listen('far', rcvbuf=rcvbuf, proto=proto)
        near, lport = self.near_socket(proto)
        near.connect((self.far_ip, rport))
        far, _ = server.accept()
        self.kept.append(far)
        if lingers is not None:
            linger(near, lingers)
        if half_open:
            near.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, 100)
        return Pair(near, far, lport, rport)

    def caller(self, port):
        """A connection from far to a listener of near: (far socket, its port)."""
        far = self.socket_in('far')
        rport = self.port()
        far.bind((self.far_ip, rport))
        far.connect((self.near_ip, port))
        self.kept.append(far)
        return far, rport

    def full_pair(self, sndbuf=None, **options):
        """A pair whose far window is shut, with more waiting in near's send queue: twice `sndbuf` bytes, if given."""
        pair = self.pair(rcvbuf=4096, **options)
        pair.near.setblocking(False)
        if sndbuf:
            pair.near.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, sndbuf)
        try:
            while True:
                pair.near.send(b'x' * 65536)
        except BlockingIOError:
            pass
        time.sleep(0.5)
        return pair

    # --- The wire.

    def _nft(self, where, text):
        for left in (3, 2, 1, 0):
            done = subprocess.run(
                ['ip', 'netns', 'exec', getattr(self.stage, where), 'nft', text], capture_output=True, text=True)
            if done.returncode == 0:
                return
            if left == 0:
                raise OSError(f'nft {text}: {done.stderr.strip()}')
            time.sleep(0.05)  # Another play changed the table at the same moment.

    def drop(self, where, what, port):
        """From now on: `no_fins`, `no_acks` (all but SYN), `no_bare` (what brings little or no data), `no_large`, `no_entry`,
        `no_exit`,        `refused` by ICMP, or `rejected` with a reset by the host that sends to it, for this port."""
        self._nft(where, f'add element inet lab {what} {{ {port} }}')

    def heal(self, where, what, port):
        self._nft(where, f'delete element inet lab {what} {{ {port} }}')

    # --- Processes.

    def in_child(self, act):
        """Runs act(connect) in a child, where connect() gives a new connection. Gives the child's pid and the ports."""
        server, rport = self.listen('far')
        lport = self.port()
        ready, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            die_with_parent()

            def connect():
                die_with_parent()  # act() may have changed its user
                near = self.socket_in('near')
                near.bind((self.near_ip, lport))
                near.connect((self.far_ip, rport))
                os.write(tell, b'.')
                return near
            try:
                act(connect)
            finally:
                os._exit(7)
        os.close(tell)
        if os.read(ready, 1) != b'.':
            raise OSError('the child could not connect')
        os.close(ready)
        self.kept.append(server.accept()[0])
        return pid, (lport, rport)

    def kill_socket(self, port, is_orphan=False):
        """Does what `ss -K` does. @raises Skip if the kernel cannot (CONFIG_INET_DIAG_DESTROY)"""
        if is_orphan and not aborts_orphans():
            raise Skip('ss -K makes an orphan immortal before Linux 6.1')
        done = subprocess.run(['ss', '-HKtn', 'dport', '=', f':{port}'], capture_output=True, text=True)
        if done.returncode != 0 or not done.stdout.strip():
            raise Skip('ss -K kills nothing here (CONFIG_INET_DIAG_DESTROY)')

    def disconnect(self, near):
        """connect(AF_UNSPEC)"""
        if libc.connect(near.fileno(), struct.pack('HHIQQI', socket.AF_UNSPEC, 0, 0, 0, 0, 0), 28) != 0:
            raise OSError(ctypes.get_errno(), 'connect(AF_UNSPEC)')

    # --- The stage, and the host.

    @contextlib.contextmanager
    def alone_on_stage(self):
        """For acts that change a sysctl of near while they play: no other play of the same scenario does meanwhile."""
        fd = os.open(f'/run/netns/{self.stage.near}', os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def stage_sysctl(self, name, value):
        """Sets it in near. Call it only inside alone_on_stage(), which undoes it."""
        write(f'/proc/sys/net/ipv4/{name}', value)

    def host_sysctl(self, name, value):
        """Sets it for the whole machine. It is noted first: whichever process dies now, another can restore it."""
        enter(None)
        try:
            write(self.note.sysctl(name, value), value)
        except FileNotFoundError:
            raise Skip(f'net.ipv4.{name} belongs to the first network namespace; this is another') from None
        finally:
            enter(self.stage.near)

    def restore(self):
        enter(None)
        self.note.restore()
        enter(self.stage.near)

    # --- The kernel's word.

    def _ask(self, ports):
        lport, rport = ports
        return sock_diag.ask(self.af, self.near_ip, lport, self.far_ip if rport else None, rport)

    def until_sent_again(self, ports, count):
        """Until its timer has sent this often again. @raises TimeoutError"""
        self._until(f'{count} retransmits of port {ports[0]}', lambda: (self._ask(ports) or (0, 0, 0))[2] >= count)

    def until_gone(self, ports):
        """Until the full socket, or what is left of it, is gone. @raises TimeoutError"""
        self._until(f'the end of port {ports[0]}', lambda: self._ask(ports) is None)

    def _until(self, what, holds):
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > PATIENCE_S:
                raise TimeoutError(f'waited {PATIENCE_S} s for {what}')
            rest(began)

    # --- The word.

    def died(self, ports, role='dying', at=None, pid=None, anywhere=False, **more):
        """This socket was made to die: the truth that a trace is compared with. `anywhere`: it was bound to no address."""
        lport, rport = ports
        raddr = self.far_ip if rport else None
        laddr = self.near_ip if not anywhere else '::' if self.family == 'ipv6' else '0.0.0.0'
        if role != 'control':
            self.dying.append((lport, raddr, rport))
        emit('lab_socket', scenario=self.name, run=self.number, role=role, family=self.family,
             netns=self.stage.netns, laddr=laddr, lport=lport, raddr=raddr, rport=rport,
             pid=pid or os.getpid(), at=at or time.time(), **more)

    def await_gone(self, seconds):
        """Until no full socket is left of those that died. @raises TimeoutError"""
        began = time.monotonic()
        left = list(self.dying)
        while left:
            for which in [*left]:
                lport, raddr, rport = which
                if not sock_diag.full_sock(self.af, self.near_ip, lport, raddr, rport):
                    left.remove(which)
                    emit('lab_gone', scenario=self.name, run=self.number, lport=lport, rport=rport, at=time.time())
            if left and time.monotonic() - began > seconds:
                raise TimeoutError(f'still there after {seconds:.0f} s: port {left[0][0]}')
            if left:
                rest(began)

    def leave(self):
        """Resets the far ends: with a FIN that nobody acknowledges they would be orphans of far for minutes."""
        for far in self.kept:
            try:
                reset(far)
            except OSError:
                pass  # The act has closed it.


def linger(sock, seconds):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, seconds))


def reset(sock):
    linger(sock, 0)
    sock.close()


def rest(began):
    """Between two looks: the longer it takes, the longer. A slow machine has other things to do."""
    time.sleep(min(RARE_POLL_S, max(POLL_S, (time.monotonic() - began) / 20)))


def pause(seconds=0.05):
    time.sleep(seconds)


def until_in(state, sock):
    """Until a socket that is held is in a state: on a slow machine an ACK may take longer than any pause."""
    began = time.monotonic()
    pause()
    while sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != state:
        if time.monotonic() - began > PATIENCE_S:
            raise TimeoutError(f'waited {PATIENCE_S} s for state {state}')
        rest(began)


def wait_killed(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
