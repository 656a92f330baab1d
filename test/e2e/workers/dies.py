"""Makes sockets die in every way that has a name: `dies.py NEAR FAR NEAR_IP FAR_IP`, run in the namespace NEAR.

Both ends live in this process: a socket belongs to the namespace that its maker was in. For each way it says
{"is": "died", "name", "lport", "rport"}, the ports as the dying socket saw them, and at last {"is": "done"}.
"""
import array
import ctypes
import encodings.idna  # noqa: F401  (a child of another user could not read it)
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

NEAR, FAR, NEAR_IP, FAR_IP = sys.argv[1:5]
TCP_USER_TIMEOUT, TCP_LINGER2, TCP_SYNCNT = 18, 8, 7
libc = ctypes.CDLL(None, use_errno=True)
kept = []  # far ends that must outlive the scenario


def enter(name):
    with open(f'/run/netns/{name}') as f:
        if libc.setns(f.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), f'setns {name}')


class In:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        enter(self.name)

    def __exit__(self, *_):
        enter(NEAR)


def say(message):
    print(json.dumps(message), flush=True)


def died(name, lport, rport, **more):
    say({'is': 'died', 'name': name, 'lport': lport, 'rport': rport, **more})


def nft(script):
    subprocess.run(['nft', '-f', '-'], input=script.encode(), check=True)


def filters():
    """What comes in from or to a port of the set is dropped: its FINs, or all of it."""
    for name, side in ((NEAR, 'sport'), (FAR, 'dport')):
        with In(name):
            nft(f'''table inet dies {{
                set no_fins {{ type inet_service; }}
                set no_entry {{ type inet_service; }}
                set no_exit {{ type inet_service; }}
                chain in {{ type filter hook input priority 0; policy accept;
                    tcp {side} @no_fins tcp flags & fin == fin drop
                    tcp {side} @no_entry drop
                }}
                chain out {{ type filter hook output priority 0; policy accept; tcp dport @no_exit drop; }}
            }}''')


def drop(where, what, port):
    with In(where):
        nft(f'add element inet dies {what} {{ {port} }}')


def heal(where, what, port):
    with In(where):
        nft(f'delete element inet dies {what} {{ {port} }}')


def listen(ip, ns, backlog=8, rcvbuf=None):
    with In(ns):
        server = socket.socket()
    if rcvbuf:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    server.bind((ip, 0))
    server.listen(backlog)
    kept.append(server)
    return server, server.getsockname()[1]


def pair(rcvbuf=None, lingers=None, bind=None):
    """A connection from near to far: (near end, far end, near port, far port)."""
    server, port = listen(FAR_IP, FAR, rcvbuf=rcvbuf)
    near = socket.socket()
    if bind:
        near.bind((NEAR_IP, bind))
    near.connect((FAR_IP, port))
    far, _ = server.accept()
    kept.append(far)
    if lingers is not None:
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, lingers))
    return near, far, near.getsockname()[1], port


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    sock.close()


def own_port():
    """A port that no other scenario gets: its row is found by this port alone."""
    own_port.last += 1
    return own_port.last


own_port.last = 21000


def pause(seconds=0.05):
    time.sleep(seconds)


SCENARIOS = []


def scenario(run):
    SCENARIOS.append(run)
    return run


# --- Ends that take long come first, in threads of their own; each drops what it needs by its own port.

@scenario
def retries():
    near, _, *ports = pair()
    drop(FAR, 'no_entry', ports[1])
    near.send(b'x' * 1000)
    near.close()
    died('retries', *ports)


@scenario
def user_timeout():
    near, _, *ports = pair()
    near.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 700)
    drop(FAR, 'no_entry', ports[1])
    near.close()
    died('user_timeout', *ports)


@scenario
def linger_timeout():
    near, _, *ports = pair(lingers=1)
    drop(FAR, 'no_fins', ports[1])
    threading.Thread(target=near.close).start()
    died('linger_timeout', *ports)


@scenario
def linger_waits():
    near, _, *ports = pair(lingers=5)
    drop(FAR, 'no_fins', ports[1])
    thread = threading.Thread(target=near.close)
    thread.start()
    pause(0.5)
    heal(FAR, 'no_fins', ports[1])
    died('linger_waits', *ports)
    thread.join()


@scenario
def connect_timeout():
    server, port = listen(FAR_IP, FAR)
    drop(FAR, 'no_entry', port)
    near = socket.socket()
    near.setsockopt(socket.IPPROTO_TCP, TCP_SYNCNT, 1)
    near.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 500)
    near.bind((NEAR_IP, own_port()))
    lport = near.getsockname()[1]

    def run():
        try:
            near.connect((FAR_IP, port))
        except OSError as error:
            died('connect_timeout', lport, port, error=error.errno)
        near.close()
    thread = threading.Thread(target=run)
    thread.start()
    return thread


@scenario
def local_drop():
    """The FIN does not leave this host: it looks like a shut window, but the window has room."""
    near, _, *ports = pair()
    drop(NEAR, 'no_exit', ports[1])
    near.close()
    died('local_drop', *ports)


@scenario
def window_silent():
    """The peer's window is shut, then it falls silent: the orphan dies of unanswered probes."""
    near, _, *ports = pair(rcvbuf=4096)
    near.setblocking(False)
    try:
        while True:
            near.send(b'x' * 65536)
    except BlockingIOError:
        pass
    pause(0.5)
    near.close()
    drop(FAR, 'no_entry', ports[1])
    died('window_silent', *ports)


@scenario
def window_opens():
    """The peer's window is shut for a second, then it reads all and closes."""
    near, far, *ports = pair(rcvbuf=4096)
    near.setblocking(False)
    try:
        while True:
            near.send(b'x' * 65536)
    except BlockingIOError:
        pass
    pause(0.3)
    near.close()

    def run():
        time.sleep(1.2)
        while far.recv(1 << 20):
            pass
        far.close()
    thread = threading.Thread(target=run)
    thread.start()
    died('window_opens', *ports)
    return thread


# --- Ordinary closes.

@scenario
def active_close():
    near, far, *ports = pair()
    near.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, 100)  # no minisock before the peer's FIN
    near.close()
    far.recv(1)
    far.close()
    died('active_close', *ports)


@scenario
def passive_close():
    near, far, *ports = pair()
    far.close()
    near.recv(1)
    near.close()
    died('passive_close', *ports)


@scenario
def passive_close_eof_unread():
    near, far, *ports = pair()
    far.close()
    pause()
    near.close()
    died('passive_close_eof_unread', *ports)


@scenario
def simultaneous_close():
    near, far, *ports = pair()
    drop(FAR, 'no_fins', ports[1])
    drop(NEAR, 'no_fins', ports[1])
    near.close()
    far.close()
    pause()
    heal(NEAR, 'no_fins', ports[1])
    pause(0.5)  # the far FIN comes again: FIN_WAIT1 to CLOSING
    heal(FAR, 'no_fins', ports[1])
    died('simultaneous_close', *ports)


@scenario
def shutdown_then_close():
    near, _, *ports = pair()
    near.shutdown(socket.SHUT_WR)
    pause()
    near.close()
    died('shutdown_then_close', *ports)


@scenario
def shutdown_answered():
    near, far, *ports = pair()
    near.shutdown(socket.SHUT_WR)
    far.recv(1)
    far.close()
    near.recv(1)
    pause()
    near.close()
    died('shutdown_answered', *ports)


@scenario
def shutdown_blocked_then_close():
    near, far, *ports = pair()
    near.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, 100)
    drop(FAR, 'no_fins', ports[1])
    near.shutdown(socket.SHUT_WR)
    near.close()
    heal(FAR, 'no_fins', ports[1])
    far.recv(1)
    far.close()
    died('shutdown_blocked_then_close', *ports)


@scenario
def minisock_gets_data():
    near, far, *ports = pair()
    near.close()
    pause()
    far.send(b'late')
    died('minisock_gets_data', *ports)


@scenario
def dup():
    near, _, *ports = pair()
    other = near.dup()
    near.close()
    pause(0.3)
    at = time.time()
    other.close()
    died('dup', *ports, at=at)


@scenario
def in_flight():
    """Closed by nobody, but by the unix socket whose queue held the last reference."""
    near, _, *ports = pair()
    left, right = socket.socketpair(socket.AF_UNIX)
    left.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [near.fileno()]))])
    near.close()
    left.close()
    pause(0.2)
    right.close()
    died('in_flight', *ports)


# --- Resets that close() itself sends.

@scenario
def linger_zero():
    near, _, *ports = pair()
    reset(near)
    died('linger_zero', *ports)


@scenario
def linger_zero_unsent():
    near, _, *ports = pair()
    drop(FAR, 'no_entry', ports[1])
    near.send(b'y' * 300)
    reset(near)
    died('linger_zero_unsent', *ports)


@scenario
def linger_zero_after_shutdown():
    near, _, *ports = pair()
    near.shutdown(socket.SHUT_WR)
    pause()
    reset(near)
    died('linger_zero_after_shutdown', *ports)


@scenario
def unread_data():
    near, far, *ports = pair()
    far.send(b'z' * 77)
    pause()
    near.close()
    died('unread_data', *ports)


@scenario
def unread_data_and_fin():
    near, far, *ports = pair()
    far.send(b'z' * 77)
    far.close()
    pause()
    near.close()
    died('unread_data_and_fin', *ports)


@scenario
def unread_data_partly_read():
    near, far, *ports = pair()
    far.send(b'z' * 77)
    pause()
    near.recv(7)
    near.close()
    died('unread_data_partly_read', *ports)


# --- SO_LINGER and TCP_LINGER2.

@scenario
def linger_acked_half_open():
    """The peer acknowledges at once and never closes: close() returns, and the orphan stays in FIN_WAIT2."""
    near, far, *ports = pair(lingers=4)
    near.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, 100)
    near.close()
    pause(1.5)
    far.close()
    died('linger_acked_half_open', *ports)


@scenario
def linger_after_shutdown():
    near, far, *ports = pair(lingers=4)
    near.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, 100)
    near.shutdown(socket.SHUT_WR)
    pause()
    near.close()
    pause(1.5)
    far.close()
    died('linger_after_shutdown', *ports)


@scenario
def linger_acked():
    near, _, *ports = pair(lingers=5)
    near.close()
    died('linger_acked', *ports)


@scenario
def linger2_at_close():
    near, _, *ports = pair()
    near.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, -1)
    near.shutdown(socket.SHUT_WR)
    pause()
    near.close()
    died('linger2_at_close', *ports)


@scenario
def linger2_later():
    near, _, *ports = pair()
    near.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, -1)
    drop(FAR, 'no_fins', ports[1])
    near.close()
    pause()
    heal(FAR, 'no_fins', ports[1])
    died('linger2_later', *ports)


# --- What the peer does.

@scenario
def data_after_close():
    near, far, *ports = pair()
    near.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, 100)
    near.close()
    pause()
    far.send(b'late')
    died('data_after_close', *ports)


@scenario
def data_after_close_in_fin_wait1():
    near, far, *ports = pair()
    drop(FAR, 'no_fins', ports[1])
    near.close()
    pause()
    far.send(b'late')
    died('data_after_close_in_fin_wait1', *ports)


@scenario
def peer_reset():
    near, far, *ports = pair()
    drop(FAR, 'no_fins', ports[1])
    near.close()
    pause()
    reset(far)
    died('peer_reset', *ports)


@scenario
def peer_reset_before_close():
    near, far, *ports = pair()
    reset(far)
    pause()
    near.close()
    died('peer_reset_before_close', *ports)


@scenario
def peer_reset_read_before_close():
    near, far, *ports = pair()
    reset(far)
    pause()
    try:
        near.recv(1)
    except ConnectionResetError:
        pass
    near.close()
    died('peer_reset_read_before_close', *ports)


@scenario
def peer_reset_in_close_wait():
    near, far, *ports = pair()
    far.shutdown(socket.SHUT_WR)
    pause()
    reset(far)
    pause()
    near.close()
    died('peer_reset_in_close_wait', *ports)


# --- Never connected, listeners, disconnects.

@scenario
def never_connected():
    near = socket.socket()
    near.bind((NEAR_IP, own_port()))
    lport = near.getsockname()[1]
    near.close()
    died('never_connected', lport, 0)


@scenario
def refused():
    server, port = listen(FAR_IP, FAR)
    server.close()
    near = socket.socket()
    near.bind((NEAR_IP, own_port()))
    lport = near.getsockname()[1]
    try:
        near.connect((FAR_IP, port))
    except ConnectionRefusedError:
        pass
    near.close()
    died('refused', lport, port)


@scenario
def closed_while_connecting():
    _, port = listen(FAR_IP, FAR)
    drop(FAR, 'no_entry', port)
    near = socket.socket()
    near.setblocking(False)
    near.bind((NEAR_IP, own_port()))
    lport = near.getsockname()[1]
    near.connect_ex((FAR_IP, port))
    near.close()
    died('closed_while_connecting', lport, port)


@scenario
def listener():
    server, port = listen(NEAR_IP, NEAR)
    for _ in range(2):
        with In(FAR):
            far = socket.socket()
        far.connect((NEAR_IP, port))
        died('unaccepted', port, far.getsockname()[1])
        kept.append(far)
    pause()
    server.close()
    died('listener', port, 0)


@scenario
def unaccepted_reset():
    server, port = listen(NEAR_IP, NEAR)
    with In(FAR):
        far = socket.socket()
    far.connect((NEAR_IP, port))
    lport = far.getsockname()[1]
    reset(far)
    pause()
    server.close()
    died('unaccepted_reset', port, lport)


@scenario
def listener_shutdown():
    server, port = listen(NEAR_IP, NEAR)
    server.shutdown(socket.SHUT_RD)
    server.close()
    died('listener_shutdown', port, 0)


@scenario
def disconnected():
    """connect(AF_UNSPEC) is no close, though it leaves the socket in CLOSE."""
    near, _, lport, port = pair(bind=own_port())
    if libc.connect(near.fileno(), struct.pack('HHIQ', socket.AF_UNSPEC, 0, 0, 0), 16) != 0:
        raise OSError(ctypes.get_errno(), 'connect(AF_UNSPEC)')
    pause()
    at = time.time()
    inode = os.fstat(near.fileno()).st_ino
    near.close()
    died('disconnected', lport, port, at=at, inode=inode)


@scenario
def reconnected():
    near, _, _, _ = pair()
    if libc.connect(near.fileno(), struct.pack('HHIQ', socket.AF_UNSPEC, 0, 0, 0), 16) != 0:
        raise OSError(ctypes.get_errno(), 'connect(AF_UNSPEC)')
    server, port = listen(FAR_IP, FAR)
    near.connect((FAR_IP, port))
    far, _ = server.accept()
    lport = near.getsockname()[1]
    far.close()
    near.recv(1)
    near.close()
    died('reconnected', lport, port)


# --- Operators and processes.

@scenario
def killed():
    near, _, *ports = pair()
    drop(FAR, 'no_fins', ports[1])
    near.close()
    subprocess.run(['ss', '-HKtn', 'dport', '=', f':{ports[1]}'], check=True, stdout=subprocess.DEVNULL)
    died('killed', *ports)


@scenario
def killed_before_close():
    near, _, *ports = pair()
    subprocess.run(['ss', '-HKtn', 'dport', '=', f':{ports[1]}'], check=True, stdout=subprocess.DEVNULL)
    near.close()
    died('killed_before_close', *ports)


def in_child(run):
    """Runs it in a child that holds a new connection; gives the child's pid and the ports when it says so."""
    server, port = listen(FAR_IP, FAR)
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            run(port, lambda sock: os.write(tell, str(sock.getsockname()[1]).encode()))
        finally:
            os._exit(7)
    os.close(tell)
    lport = int(os.read(ready, 16))
    os.close(ready)
    far, _ = server.accept()
    kept.append(far)
    return pid, lport, port


@scenario
def sigkilled():
    def run(port, tell):
        sock = socket.create_connection((FAR_IP, port))
        tell(sock)
        signal.pause()
    pid, *ports = in_child(run)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    died('sigkilled', *ports, pid=pid)


@scenario
def exited():
    def run(port, tell):
        sock = socket.create_connection((FAR_IP, port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 5))
        tell(sock)
        os._exit(7)
    pid, *ports = in_child(run)
    os.waitpid(pid, 0)
    died('exited', *ports, pid=pid)


@scenario
def other_user():
    def run(port, tell):
        os.setuid(65534)
        sock = socket.create_connection((FAR_IP, port))
        tell(sock)
        sock.close()
    pid, *ports = in_child(run)
    os.waitpid(pid, 0)
    died('other_user', *ports, pid=pid)


@scenario
def close_on_exec():
    def run(port, tell):
        sock = socket.create_connection((FAR_IP, port))
        tell(sock)
        os.execv('/bin/sleep', ['sleep', '0.2'])
    pid, *ports = in_child(run)
    os.waitpid(pid, 0)
    died('close_on_exec', *ports, pid=pid)


def named(name):
    def run(port, tell):
        with open('/proc/self/comm', 'wb', buffering=0) as f:
            f.write(name)
        sock = socket.create_connection((FAR_IP, port))
        tell(sock)
        sock.close()
    pid, *ports = in_child(run)
    os.waitpid(pid, 0)
    return ports


@scenario
def hostile_comm():
    died('hostile_comm', *named(b'a\n\x1b[2J]{"} A\x07'))
    died('binary_comm', *named(b'\xff\xfe<\x9b'))


@scenario
def mptcp():
    """Not in every kernel. Its subflows are TCP sockets that no file holds; the ledger must not mind them."""
    try:
        with In(FAR):
            server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
        near = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    except OSError:
        return
    server.bind((FAR_IP, 0))
    server.listen(8)
    near.connect(server.getsockname())
    far, _ = server.accept()
    near.send(b'x')
    far.recv(1)
    ports = near.getsockname()[1], server.getsockname()[1]
    near.close()
    far.close()
    server.close()
    died('mptcp', *ports)


def main():
    filters()
    threads = []
    for run in SCENARIOS:
        wait = run()
        if wait is not None:
            threads.append(wait)
    for thread in threads:
        thread.join()
    say({'is': 'done'})
    sys.stdin.readline()


main()
