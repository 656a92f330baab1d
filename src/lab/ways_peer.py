"""Acts of the peer on an orphan; and listeners with children that nobody accepted."""
import select
import socket

from play import pause, reset, scenario


@scenario()
def data_after_close(p):
    pair = p.pair(half_open=True)
    pair.near.close()
    pause()
    pair.far.send(b'late')
    p.died(pair.ports)


@scenario()
def data_after_close_in_fin_wait1(p):
    pair = p.pair()
    p.drop('far', 'no_fins', pair.rport)
    pair.near.close()
    pause()
    pair.far.send(b'late')
    p.died(pair.ports)


@scenario()
def data_with_ack_of_fin(p):
    pair = p.pair()
    # The ACK of a FIN is delayed by 40 ms, and data sent before that carries it: on a slow machine it comes too late.
    p.drop('near', 'no_bare', pair.rport)
    pair.near.close()
    select.select([pair.far], [], [], 5)
    pair.far.send(b'late' * 100)
    p.died(pair.ports)


@scenario()
def peer_reset(p):
    pair = p.pair()
    p.drop('far', 'no_fins', pair.rport)
    pair.near.close()
    pause()
    reset(pair.far)
    p.died(pair.ports)


@scenario()
def peer_reset_in_fin_wait2(p):
    pair = p.pair(half_open=True)
    pair.near.close()
    pause(0.3)
    reset(pair.far)
    p.died(pair.ports)


@scenario()
def own_firewall(p):
    pair = p.pair()
    p.drop('near', 'rejected', pair.rport)
    pair.near.close()
    p.died(pair.ports)


@scenario()
def peer_reset_before_close(p):
    pair = p.pair()
    reset(pair.far)
    pause()
    pair.near.close()
    p.died(pair.ports)


@scenario()
def peer_reset_read_before_close(p):
    pair = p.pair()
    reset(pair.far)
    pause()
    try:
        pair.near.recv(1)
    except ConnectionResetError:
        pass
    pair.near.close()
    p.died(pair.ports)


@scenario()
def peer_reset_in_close_wait(p):
    pair = p.pair()
    pair.far.shutdown(socket.SHUT_WR)
    pause()
    reset(pair.far)
    pause()
    pair.near.close()
    p.died(pair.ports)


@scenario()
def listener(p):
    # Bound to no address: tcp_disconnect clears that of the children, too.
    server, port = p.listen('near', anywhere=True)
    _, established = p.caller(port)
    far, half_closed = p.caller(port)
    far.shutdown(socket.SHUT_WR)
    pause()
    server.close()
    for child in (established, half_closed):
        p.died((port, child), role='child')
    p.died((port, 0), anywhere=True)


@scenario()
def reuseport_listeners(p):
    """Two listeners of one port; the one that closes takes its own unaccepted children with it."""
    first, port = p.listen('near', reuse=p.port())
    second, _ = p.listen('near', reuse=port)
    children = [p.caller(port)[1] for _ in range(6)]
    pause()
    # By a hash of the ports the children may all be of one: that one closes.
    dying, other = (first, second) if select.select([first], [], [], 0)[0] else (second, first)
    other.setblocking(False)
    try:
        while True:
            children.remove(other.accept()[1][1])
    except BlockingIOError:
        pass
    dying.close()
    for child in children:
        p.died((port, child), role='child')
    other.close()
    p.died((port, 0))


@scenario()
def unaccepted_reset(p):
    server, port = p.listen('near')
    far, rport = p.caller(port)
    reset(far)
    pause()
    server.close()
    p.died((port, rport))


@scenario()
def listener_shutdown(p):
    server, port = p.listen('near')
    server.shutdown(socket.SHUT_RD)
    server.close()
    p.died((port, 0))
