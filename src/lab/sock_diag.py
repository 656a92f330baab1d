"""Asks the kernel about one TCP socket (sock_diag, an exact lookup): what `ss` would say of it."""
import errno
import socket
import struct

SOCK_DIAG_BY_FAMILY = 20
NETLINK_SOCK_DIAG = 4
NLMSG_ERROR = 2
TIME_WAIT, LISTEN = 6, 10
TIMER_TIMEWAIT = 3


def ask(family, laddr, lport, raddr, rport):
    """(state, timer, retransmits) of the socket in this thread's namespace; None where there is none."""
    src = socket.inet_pton(family, laddr).ljust(16, b'\0')
    dst = socket.inet_pton(family, raddr).ljust(16, b'\0') if raddr is not None else bytes(16)
    request = struct.pack('=BBBBI', family, socket.IPPROTO_TCP, 0, 0, 0xffffffff)
    request += struct.pack('!HH', lport, rport) + src + dst + struct.pack('=III', 0, 0xffffffff, 0xffffffff)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink:
        netlink.send(struct.pack('=IHHII', 16 + len(request), SOCK_DIAG_BY_FAMILY, 1, 1, 0) + request)
        answer = netlink.recv(8192)
    kind = struct.unpack_from('=H', answer, 4)[0]
    if kind == NLMSG_ERROR:
        code = -struct.unpack_from('=i', answer, 16)[0]
        if code == errno.ENOENT:
            return None
        raise OSError(code, f'sock_diag of {laddr} port {lport}')
    return struct.unpack_from('=BBBB', answer, 16)[1:]


def full_sock(family, laddr, lport, raddr, rport):
    """True if a full socket is there: no minisock, and for a connection no listener."""
    found = ask(family, laddr, lport, raddr, rport)
    if found is None:
        return False
    state, timer, _ = found
    return state != TIME_WAIT and timer != TIMER_TIMEWAIT and (state != LISTEN or rport == 0)
