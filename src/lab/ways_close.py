"""Ordinary closes, and the resets that close() itself sends."""
import array
import os
import socket
import threading
import time

from play import CLOSE_WAIT, FIN_WAIT2, TCP_LINGER2, pause, reset, scenario, until_in

# On a slow machine seconds may pass until a wire is healed: with one retry the orphan would have ended by then.
PATIENT = {'tcp_orphan_retries': 6}


@scenario()
def active_close(p):
    pair = p.pair(half_open=True)
    pair.near.close()
    pair.far.recv(1)
    pair.far.close()
    p.died(pair.ports)


@scenario()
def passive_close(p):
    pair = p.pair()
    pair.far.close()
    pair.near.recv(1)
    pair.near.close()
    p.died(pair.ports)


@scenario()
def passive_close_eof_unread(p):
    pair = p.pair()
    pair.far.close()
    until_in(CLOSE_WAIT, pair.near)
    pair.near.close()
    p.died(pair.ports)


@scenario(sysctls=PATIENT)
def simultaneous_close(p):
    pair = p.pair()
    p.drop('far', 'no_fins', pair.rport)
    p.drop('near', 'no_fins', pair.rport)
    pair.near.close()
    pair.far.close()
    pause()
    p.heal('near', 'no_fins', pair.rport)
    pause(0.5)  # the far FIN comes again: FIN_WAIT1 to CLOSING
    p.heal('far', 'no_fins', pair.rport)
    p.died(pair.ports)


@scenario(sysctls={'tcp_max_tw_buckets': 0})
def time_wait_overflow(p):
    pair = p.pair()
    pair.near.close()
    p.died(pair.ports)


@scenario()
def shutdown_then_close(p):
    pair = p.pair()
    pair.near.shutdown(socket.SHUT_WR)
    until_in(FIN_WAIT2, pair.near)
    pair.near.close()
    p.died(pair.ports)


@scenario()
def shutdown_answered(p):
    pair = p.pair()
    pair.near.shutdown(socket.SHUT_WR)
    pair.far.recv(1)
    pair.far.close()
    pair.near.recv(1)
    pause()
    pair.near.close()
    p.died(pair.ports)


@scenario(sysctls=PATIENT)
def shutdown_blocked_then_close(p):
    pair = p.pair(half_open=True)
    p.drop('far', 'no_fins', pair.rport)
    pair.near.shutdown(socket.SHUT_WR)
    pair.near.close()
    p.heal('far', 'no_fins', pair.rport)
    pair.far.recv(1)
    pair.far.close()
    p.died(pair.ports)


@scenario(sysctls=PATIENT)
def shutdown_in_close_wait_then_close(p):
    pair = p.pair()
    pair.far.close()
    pair.near.recv(1)
    p.drop('far', 'no_fins', pair.rport)
    pair.near.shutdown(socket.SHUT_WR)
    pair.near.close()
    p.heal('far', 'no_fins', pair.rport)
    p.died(pair.ports)


@scenario(sysctls=PATIENT)
def shutdown_on_both_sides_then_close(p):
    pair = p.pair()
    p.drop('far', 'no_fins', pair.rport)
    pair.near.shutdown(socket.SHUT_WR)
    pair.far.close()
    pause()
    pair.near.close()
    p.heal('far', 'no_fins', pair.rport)
    p.died(pair.ports)


@scenario()
def dup(p):
    pair = p.pair()
    other = pair.near.dup()
    pair.near.close()
    pause(0.3)
    at = time.time()
    other.close()
    p.died(pair.ports, at=at)


@scenario()
def in_flight(p):
    """Nobody closes it but the unix socket whose queue held the last reference."""
    pair = p.pair()
    left, right = socket.socketpair(socket.AF_UNIX)
    left.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [pair.near.fileno()]))])
    pair.near.close()
    left.close()
    pause(0.2)
    at = time.time()
    right.close()
    p.died(pair.ports, at=at)


@scenario()
def linger_zero(p):
    pair = p.pair()
    reset(pair.near)
    p.died(pair.ports)


@scenario()
def linger_zero_unsent(p):
    pair = p.pair()
    p.drop('far', 'no_entry', pair.rport)
    pair.near.send(b'y' * 300)
    reset(pair.near)
    p.died(pair.ports)


@scenario()
def linger_zero_after_shutdown(p):
    pair = p.pair()
    pair.near.shutdown(socket.SHUT_WR)
    until_in(FIN_WAIT2, pair.near)
    reset(pair.near)
    p.died(pair.ports)


@scenario()
def unread_data(p):
    pair = p.pair()
    pair.far.send(b'z' * 77)
    pause()
    pair.near.close()
    p.died(pair.ports)


@scenario()
def unread_data_and_fin(p):
    pair = p.pair()
    pair.far.send(b'z' * 77)
    pair.far.close()
    pause()
    pair.near.close()
    p.died(pair.ports)


@scenario()
def unread_data_partly_read(p):
    pair = p.pair()
    pair.far.send(b'z' * 77)
    pause()
    pair.near.recv(7)
    pair.near.close()
    p.died(pair.ports)


# --- SO_LINGER and TCP_LINGER2.

@scenario()
def linger_timeout(p):
    pair = p.pair(lingers=1)
    p.drop('far', 'no_fins', pair.rport)
    p.died(pair.ports)
    pair.near.close()


@scenario()
def linger_waits(p):
    pair = p.pair(lingers=15)
    p.drop('far', 'no_fins', pair.rport)
    thread = threading.Thread(target=pair.near.close)
    thread.start()
    pause(0.5)
    p.heal('far', 'no_fins', pair.rport)
    p.died(pair.ports)
    thread.join()


@scenario()
def linger_acked(p):
    pair = p.pair(lingers=5)
    pair.near.close()
    p.died(pair.ports)


@scenario()
def linger_acked_half_open(p):
    """The peer acknowledges at once and never closes: close() returns, and the orphan stays in FIN_WAIT2."""
    pair = p.pair(lingers=4, half_open=True)
    pair.near.close()
    pause(1.5)
    pair.far.close()
    p.died(pair.ports)


@scenario()
def linger_after_shutdown(p):
    pair = p.pair(lingers=4, half_open=True)
    pair.near.shutdown(socket.SHUT_WR)
    until_in(FIN_WAIT2, pair.near)
    pair.near.close()
    pause(1.5)
    pair.far.close()
    p.died(pair.ports)


@scenario()
def linger2_at_close(p):
    pair = p.pair()
    pair.near.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, -1)
    pair.near.shutdown(socket.SHUT_WR)
    until_in(FIN_WAIT2, pair.near)
    pair.near.close()
    p.died(pair.ports)


@scenario(sysctls=PATIENT)
def linger2_later(p):
    pair = p.pair()
    pair.near.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, -1)
    p.drop('far', 'no_fins', pair.rport)
    pair.near.close()
    pause()
    p.heal('far', 'no_fins', pair.rport)
    p.died(pair.ports)


# --- Sockets that nobody closes: no rows, until somebody does.

@scenario()
def control_established(p):
    pair = p.pair()
    p.died(pair.ports, role='control')
    pause(2)
    at = time.time()
    pair.near.close()
    p.died(pair.ports, at=at)


@scenario()
def control_close_wait(p):
    """The leak that is often taken for an orphan: the peer has closed, this process has not."""
    pair = p.pair()
    pair.far.close()
    p.died(pair.ports, role='control')
    pause(2)
    at = time.time()
    pair.near.close()
    p.died(pair.ports, at=at)


@scenario()
def control_shared(p):
    """A child still holds the socket: its parent's close() does not close it."""
    pair = p.pair()
    hold, release = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(release)
        os.read(hold, 1)
        os._exit(0)
    os.close(hold)
    pair.near.close()
    p.died(pair.ports, role='control')
    pause(2)
    at = time.time()
    os.close(release)
    os.wait()
    p.died(pair.ports, at=at, pid=child)
