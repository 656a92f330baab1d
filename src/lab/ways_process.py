"""Acts of processes and operators: exit, kill, exec, ss -K, disconnect; and layers around TCP: kTLS, MPTCP."""
import os
import signal
import socket
import struct
import time

from play import Skip, linger, pause, scenario, wait_killed

# Python has no name for it. @see Linux include/uapi/linux/tcp.h
TCP_REPAIR = 19

# On a slow machine seconds may pass until ss runs.
PATIENT = {'tcp_orphan_retries': 6}

# Linux include/uapi/linux/tls.h
TCP_ULP, SOL_TLS, TLS_TX = 31, 282, 1
TLS_1_2, AES_GCM_128 = 0x303, 51


@scenario()
def sigkilled(p):
    def act(connect):
        near = connect()
        signal.pause()
        near.close()
    pid, ports = p.in_child(act)
    wait_killed(pid)
    p.died(ports, pid=pid)


@scenario()
def exited(p):
    def act(connect):
        near = connect()
        linger(near, 5)
        os._exit(7)
    pid, ports = p.in_child(act)
    os.waitpid(pid, 0)
    p.died(ports, pid=pid)


@scenario()
def other_user(p):
    def act(connect):
        os.setuid(65534)
        connect().close()
    pid, ports = p.in_child(act)
    os.waitpid(pid, 0)
    p.died(ports, pid=pid)


@scenario()
def close_on_exec(p):
    def act(connect):
        near = connect()
        os.execvp('sleep', ['sleep', '0.2'])
        near.close()
    pid, ports = p.in_child(act)
    os.waitpid(pid, 0)
    p.died(ports, pid=pid)


def named(p, comm):
    def act(connect):
        with open('/proc/self/comm', 'wb', buffering=0) as f:
            f.write(comm)
        connect().close()
    pid, ports = p.in_child(act)
    os.waitpid(pid, 0)
    p.died(ports, pid=pid)


@scenario()
def hostile_comm(p):
    named(p, b'a\n\x1b[2J]{"} A\x07')


@scenario()
def binary_comm(p):
    named(p, b'\xff\xfe<\x9b')


@scenario(sysctls=PATIENT)
def killed(p):
    pair = p.pair()
    p.drop('far', 'no_fins', pair.rport)
    pair.near.close()
    p.kill_socket(pair.rport, is_orphan=True)
    p.died(pair.ports)


@scenario()
def killed_in_fin_wait2(p):
    pair = p.pair(half_open=True)
    pair.near.close()
    pause(0.3)
    p.kill_socket(pair.rport, is_orphan=True)
    p.died(pair.ports)


@scenario()
def killed_before_close(p):
    pair = p.pair()
    p.kill_socket(pair.rport)
    pair.near.close()
    p.died(pair.ports)


@scenario()
def repair(p):
    pair = p.pair()
    pair.near.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    pair.near.close()
    p.died(pair.ports)


@scenario()
def disconnected(p):
    """connect(AF_UNSPEC) is no close, though it leaves the socket in CLOSE."""
    pair = p.pair()
    p.disconnect(pair.near)
    pause()
    at = time.time()
    inode = os.fstat(pair.near.fileno()).st_ino
    pair.near.close()
    p.died(pair.ports, at=at, inode=inode)


@scenario()
def reconnected(p):
    pair = p.pair()
    p.disconnect(pair.near)
    server, rport = p.listen('far')
    pair.near.connect((p.far_ip, rport))
    far, _ = server.accept()
    far.close()
    pair.near.recv(1)
    pair.near.close()
    p.died((pair.lport, rport))


@scenario()
def ktls(p):
    """The kernel encrypts: its close() wraps that of TCP, and ends in it."""
    pair = p.pair(half_open=True)
    key = struct.pack('HH8s16s4s8s', TLS_1_2, AES_GCM_128, bytes(8), bytes(16), bytes(4), bytes(8))
    try:
        pair.near.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b'tls')
        pair.near.setsockopt(SOL_TLS, TLS_TX, key)
    except OSError as error:
        raise Skip(f'this kernel has no kTLS (tls.ko): {error.strerror}') from None
    pair.near.send(b'x' * 100)
    pair.far.recv(1 << 10)
    pair.near.close()
    pair.far.recv(1)
    pair.far.close()
    p.died(pair.ports)


def mptcp_pair(p):
    """Its subflow is a TCP socket that no file holds, and no orphan while the MPTCP socket waits."""
    try:
        return p.pair(proto=262)  # IPPROTO_MPTCP
    except OSError as error:
        raise Skip(f'this kernel makes no MPTCP socket: {error.strerror}') from None


@scenario()
def mptcp(p):
    pair = mptcp_pair(p)
    pair.near.send(b'x')
    pair.far.recv(1)
    pair.near.close()
    pause(0.3)
    pair.far.close()
    p.died(pair.ports)


@scenario()
def mptcp_dead_peer(p):
    """The subflow stays ESTABLISHED until a worker of the kernel resets it, TCP_TIMEWAIT_LEN after the close."""
    pair = mptcp_pair(p)
    pair.near.send(b'x')
    pair.far.recv(1)
    pause(0.3)
    p.drop('far', 'no_entry', pair.rport)
    pair.near.send(b'x' * 500)
    pair.near.close()
    p.died(pair.ports)
