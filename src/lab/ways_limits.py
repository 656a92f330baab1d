"""Ends that the kernel's own limits bring: retries, probes, timeouts, the orphan limit, memory."""
import errno
import os
import select
import socket
import threading
import time

from play import CLOSE_WAIT, FIN_WAIT2, TCP_LINGER2, TCP_SYNCNT, TCP_USER_TIMEOUT, pause, scenario, until_in


@scenario()
def retries(p):
    pair = p.pair()
    p.drop('far', 'no_entry', pair.rport)
    pair.near.send(b'x' * 1000)
    pair.near.close()
    p.died(pair.ports)


@scenario(sysctls={'tcp_orphan_retries': 0})
def retries_default(p):
    pair = p.pair()
    p.drop('far', 'no_entry', pair.rport)
    pair.near.close()
    p.died(pair.ports)


@scenario(sysctls={'tcp_orphan_retries': 0, 'tcp_rto_max_ms': 1000})
def rto_max(p):
    pair = p.pair()
    p.drop('far', 'no_entry', pair.rport)
    pair.near.close()
    p.died(pair.ports)


@scenario()
def last_ack_retries(p):
    pair = p.pair()
    pair.far.close()
    pair.near.recv(1)
    p.drop('far', 'no_entry', pair.rport)
    pair.near.close()
    p.died(pair.ports)


@scenario()
def closing_retries(p):
    """Both close at once; near gets the far FIN, and its own is never acknowledged."""
    pair = p.pair()
    p.drop('far', 'no_entry', pair.rport)
    pair.near.close()
    pair.far.close()
    p.died(pair.ports)


@scenario()
def unreachable(p):
    """Each retransmission of the FIN is answered by ICMP host unreachable."""
    pair = p.pair()
    p.drop('far', 'refused', pair.rport)
    pair.near.close()
    p.died(pair.ports)


@scenario()
def user_timeout(p):
    pair = p.pair()
    pair.near.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 700)
    p.drop('far', 'no_entry', pair.rport)
    pair.near.close()
    p.died(pair.ports)


@scenario()
def user_timeout_lengthens(p):
    """TCP_USER_TIMEOUT takes the place of tcp_orphan_retries, also where it is the longer of the two."""
    pair = p.pair()
    pair.near.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 4000)
    p.drop('far', 'no_entry', pair.rport)
    pair.near.close()
    p.died(pair.ports)


@scenario()
def user_timeout_window(p):
    """The one probe that tcp_orphan_retries 1 allows stays unanswered before TCP_USER_TIMEOUT is over."""
    pair = p.full_pair()
    pair.near.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 2000)
    pair.near.close()
    p.drop('far', 'no_entry', pair.rport)
    p.died(pair.ports)


@scenario(sysctls={'tcp_orphan_retries': 8})
def user_timeout_before_probes(p):
    """Under a shut window too TCP_USER_TIMEOUT ends an orphan, if it is over before the probes are used up."""
    pair = p.full_pair()
    pair.near.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 2000)
    pair.near.close()
    p.drop('far', 'no_entry', pair.rport)
    p.died(pair.ports)


@scenario()
def local_drop(p):
    """The FIN does not leave this host: it looks like a shut window, but the window has room."""
    pair = p.pair()
    p.drop('near', 'no_exit', pair.rport)
    pair.near.close()
    p.died(pair.ports)


def full_size(p):
    """One segment of full size, in which a path MTU black hole swallows what it lets pass in smaller ones."""
    pair = p.pair()
    p.drop('far', 'no_large', pair.rport)
    pair.near.send(b'x' * 1400)
    pair.near.close()
    p.died(pair.ports)


@scenario()
def mtu_black_hole(p):
    full_size(p)


@scenario(sysctls={'tcp_orphan_retries': 8, 'tcp_mtu_probing': 1})
def mtu_probing(p):
    full_size(p)


@scenario()
def window_silent(p):
    """The peer's window is shut, then it falls silent: the orphan dies of unanswered probes."""
    pair = p.full_pair()
    pair.near.close()
    p.drop('far', 'no_entry', pair.rport)
    p.died(pair.ports)


# The peer answers a probe that is out of its window twice a second at most (tcp_invalid_ratelimit): with one retry, one
# probe that comes too soon would end it.
@scenario(sysctls={'tcp_orphan_retries': 4})
def window_opens(p):
    """The peer's window is shut for a second, then it reads all and closes."""
    pair = p.full_pair()
    pair.near.close()
    p.died(pair.ports)
    pause(1.2)
    while pair.far.recv(1 << 20):
        pass
    pair.far.close()


@scenario(sysctls={'tcp_orphan_retries': 4})
def slow_reader(p):
    """The peer reads on and on, 4 KiB ten times a second, then closes."""
    pair = p.full_pair(sndbuf=220_000)
    pair.near.close()
    p.died(pair.ports)
    while pair.far.recv(4096):
        pause(0.1)
    pair.far.close()


def keep_alive(pair):
    pair.near.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT):
        pair.near.setsockopt(socket.IPPROTO_TCP, option, 1)


@scenario()
def keepalive_before_close(p):
    """The connection dies of keepalive while a process holds it: no orphan, and close() finds it in CLOSE."""
    pair = p.pair()
    keep_alive(pair)
    ended_by_keepalive(p, pair)


@scenario()
def keepalive_in_fin_wait2(p):
    """The same after shutdown(SHUT_WR): nothing else bounds FIN_WAIT2 while a process holds the socket."""
    pair = p.pair()
    pair.near.shutdown(socket.SHUT_WR)
    until_in(FIN_WAIT2, pair.near)
    keep_alive(pair)
    ended_by_keepalive(p, pair)


@scenario()
def keepalive_in_close_wait(p):
    """The same where the peer has closed its half, and this process not yet."""
    pair = p.pair()
    pair.far.shutdown(socket.SHUT_WR)
    until_in(CLOSE_WAIT, pair.near)
    keep_alive(pair)
    ended_by_keepalive(p, pair)


def ended_by_keepalive(p, pair):
    """far falls silent; near is closed once keepalive has ended it and the process has read the error."""
    p.drop('far', 'no_entry', pair.rport)
    poll = select.poll()
    poll.register(pair.near, 0)
    if not poll.poll(10_000):
        raise TimeoutError('keepalive has not ended it')
    error = pair.near.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error != errno.ETIMEDOUT:
        raise OSError(error, 'not by keepalive')
    at = time.time()
    pair.near.close()
    p.died(pair.ports, at=at)


# --- FIN_WAIT2: the peer has acknowledged and does not close.

@scenario()
def minisock_gets_data(p):
    pair = p.pair()
    pair.near.close()
    pause()
    pair.far.send(b'late')
    p.died(pair.ports)


def half_closed(p):
    pair = p.pair()
    pair.near.close()
    p.died(pair.ports)


@scenario(sysctls={'tcp_fin_timeout': 30})
def fin_timeout_30(p):
    half_closed(p)


@scenario(sysctls={'tcp_fin_timeout': 61})
def fin_timeout_61(p):
    half_closed(p)


@scenario(sysctls={'tcp_fin_timeout': 90})
def fin_timeout_90(p):
    half_closed(p)


@scenario(sysctls={'tcp_fin_timeout': 120})
def fin_timeout_120(p):
    half_closed(p)


@scenario(sysctls={'tcp_fin_timeout': 62})
def fin_timeout_lowered(p):
    """The timer of 2 s finds a tcp_fin_timeout of 30: that leaves nothing to a minisock, and it resets."""
    with p.alone_on_stage():
        pair = p.pair()
        pair.near.close()
        p.died(pair.ports)
        pause(0.5)
        p.stage_sysctl('tcp_fin_timeout', '30')
        p.until_gone(pair.ports)
        p.stage_sysctl('tcp_fin_timeout', '62')


@scenario()
def linger2_62(p):
    """TCP_LINGER2 takes the place of tcp_fin_timeout for one socket: 2 s as an orphan, 2 s as a minisock."""
    pair = p.pair()
    pair.near.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, 62)
    pair.near.close()
    p.died(pair.ports)


# --- Limits of the whole host: these play alone, with --host.

def ballast(p, count=4):
    """Orphans in FIN_WAIT2: they count, and no retransmission lets the kernel end them early."""
    for _ in range(count):
        pair = p.pair(half_open=True)
        pair.near.close()
        pair.near = None
    pause(0.5)  # tcp_too_many_orphans() reads a count that is refreshed each 100 ms


MOST_MIB = 32

# A tracer reads the limits once a second: it never sees a value that was lowered for less.
SEEN_S = 1.5


@scenario(host=True)
def orphan_limit_at_close(p):
    pair = p.pair()
    ballast(p)
    p.drop('far', 'no_entry', pair.rport)  # an ACK inside close() would spare it: the limit is not looked at in FIN_WAIT2
    p.host_sysctl('tcp_max_orphans', '0')
    pause(SEEN_S)
    pair.near.close()
    p.restore()
    p.died(pair.ports)


@scenario(host=True, sysctls={'tcp_orphan_retries': 8})
def orphan_limit_at_timer(p):
    pair = p.pair()
    ballast(p)
    p.drop('far', 'no_entry', pair.rport)
    pair.near.send(b'x' * 500)
    pair.near.close()
    p.until_sent_again(pair.ports, 3)  # from here the timer runs for 1.6 s: longer than SEEN_S
    p.host_sysctl('tcp_max_orphans', '0')
    p.until_gone(pair.ports)
    p.restore()
    p.died(pair.ports)


@scenario(host=True, sysctls={'tcp_orphan_retries': 0, 'tcp_rto_max_ms': 1000})
def resources_silent(p):
    """
    tcp_out_of_resources() resets unless the timer is at its longest and given up on, and nothing was sent for 60 s
    (TCP_TIMEWAIT_LEN). A FIN is no data: it does not count as sent.
    """
    pair = p.pair()
    pause(60.5)
    ballast(p)
    p.drop('far', 'no_entry', pair.rport)
    pair.near.close()
    p.until_sent_again(pair.ports, 3)  # the next timer runs for tcp_rto_max_ms
    p.host_sysctl('tcp_max_orphans', '0')
    p.until_gone(pair.ports)
    p.restore()
    p.died(pair.ports)


@scenario(host=True)
def out_of_memory(p):
    """
    tcp_mem is passed while the dying socket holds a full send queue: one so long that it counts. Each CPU keeps up to
    1 MiB of what is used out of the count that is compared with tcp_mem (SK_MEMORY_PCPU_RESERVE).
    """
    pair = p.full_pair(sndbuf=min(2 + (os.cpu_count() or 1), MOST_MIB) << 20)
    p.host_sysctl('tcp_mem', '1 1 1')
    pause(SEEN_S)
    pair.near.close()
    p.restore()
    p.died(pair.ports)


# --- Never connected.

@scenario()
def never_connected(p):
    near, lport = p.near_socket()
    near.close()
    p.died((lport, 0))


@scenario()
def refused(p):
    server, rport = p.listen('far')
    server.close()
    near, lport = p.near_socket()
    try:
        near.connect((p.far_ip, rport))
    except ConnectionRefusedError:
        pass
    near.close()
    p.died((lport, rport))


@scenario()
def connect_timeout(p):
    _, rport = p.listen('far')
    p.drop('far', 'no_entry', rport)
    near, lport = p.near_socket()
    near.setsockopt(socket.IPPROTO_TCP, TCP_SYNCNT, 1)
    near.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 500)
    code = near.connect_ex((p.far_ip, rport))
    p.died((lport, rport), error=code)
    near.close()


@scenario()
def closed_while_connecting(p):
    _, rport = p.listen('far')
    p.drop('far', 'no_entry', rport)
    near, lport = p.near_socket()
    near.setblocking(False)
    near.connect_ex((p.far_ip, rport))
    near.close()
    p.died((lport, rport))


@scenario(sysctls={'tcp_orphan_retries': 1, 'tcp_fastopen': 0x607, 'tcp_synack_retries': 1})
def closed_in_syn_recv(p):
    """TCP Fast Open: the process has the connection, reads what came with the SYN, and closes before the handshake ends."""
    server, lport = p.listen('near', fastopen=8)
    far = p.socket_in('far')
    rport = p.port()
    far.bind((p.far_ip, rport))
    p.drop('near', 'no_acks', lport)
    dial = threading.Thread(target=lambda: far.sendto(b'hello', socket.MSG_FASTOPEN, (p.near_ip, lport)))
    dial.start()
    near, _ = server.accept()
    near.recv(5)
    near.close()
    p.died((lport, rport))
    dial.join()
