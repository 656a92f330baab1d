"""The lab's stage: pairs of network namespaces, and the removal of everything.

A run notes first what it makes (notes.py). If finwait dies, its worker removes it. If the worker dies, finwait does.
If both are killed, the next finwait that root starts does.
"""
import ctypes
import errno
import os
import re
import signal
import socket
import subprocess
import threading

from notes import NOTE_NAME, PREFIX, Fault, claim, note_in, open_folder, release, remove_folder, restore_sysctls, write

ADDRESSES = {'ipv4': ('10.231.7.1', '10.231.7.2'), 'ipv6': ('fd00:1ab::1', 'fd00:1ab::2')}
# Sockets of the lab are bound to ports above these, each to its own.
EPHEMERAL = '5000 9999'

libc = ctypes.CDLL(None, use_errno=True)


host_ns = os.open('/proc/self/ns/net', os.O_RDONLY | os.O_CLOEXEC)


def enter(name):
    """Takes this thread into a namespace; its new sockets belong there. None: where finwait was started."""
    fd = host_ns if name is None else os.open(f'/run/netns/{name}', os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(fd, 0x40000000) != 0:  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), f'setns {name}')
    finally:
        if name is not None:
            os.close(fd)


def die_with_parent():
    """The kernel kills this process when its parent dies (PR_SET_PDEATHSIG); setuid() undoes it."""
    libc.prctl(1, signal.SIGKILL)


def run(*argv, text=None):
    """@raises Fault saying what the program said"""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, errors='replace', timeout=30)
    if done.returncode != 0:
        raise Fault(
            f'{" ".join(argv)} failed: {done.stderr.strip().splitlines()[0] if done.stderr.strip() else done.returncode}',
            'the lab plays in network namespaces of its own, and drops packets there',
            'run it as root, outside of a container or in a privileged one: sudo finwait lab')
    return done.stdout


def quietly(*argv):
    try:
        subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30)
    except (OSError, subprocess.SubprocessError):
        pass


def aborts_orphans():
    """Before 6.1, `ss -K` on an orphan takes its send queue and leaves it: with its timers idle, it lives for ever."""
    release = re.match(r'(\d+)\.(\d+)', os.uname().release)
    return release is not None and (int(release[1]), int(release[2])) >= (6, 1)


def undo(content):
    """:return: False if a sysctl could not be restored from here: its note must stay"""
    is_done = restore_sysctls(content)
    for name in content['namespaces']:
        # Orphans would keep the namespace, and the kernel's count, for minutes.
        if aborts_orphans():
            quietly('ip', 'netns', 'exec', name, 'ss', '-HKt', 'state', 'all')
        else:
            quietly('ip', 'netns', 'exec', name, 'nft', 'delete', 'table', 'inet', 'lab')
            quietly('ip', 'netns', 'exec', name, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries')
        quietly('ip', 'netns', 'del', name)
    return is_done


def undo_note(name, fd):
    """Undoes our own run, or one that was killed."""
    if undo(note_in(fd)):
        release(name, fd)
    else:
        os.close(fd)


def remove_stale():
    """
    Undoes what runs left that were killed together with their worker.

    :raises Fault: if the folder of the notes is not root's
    """
    folder = open_folder(make=False)
    if folder is None:
        return
    try:
        names = [name for name in os.listdir(folder) if NOTE_NAME.fullmatch(name)]
    finally:
        os.close(folder)
    for name in names:
        fd = claim(name, wait=False)
        if fd is not None:
            undo_note(name, fd)
    remove_folder()


FILTER = '''table inet lab {{
    set no_fins {{ type inet_service; }}
    set no_acks {{ type inet_service; }}
    set no_bare {{ type inet_service; }}
    set no_large {{ type inet_service; }}
    set no_entry {{ type inet_service; }}
    set no_exit {{ type inet_service; }}
    set refused {{ type inet_service; }}
    set rejected {{ type inet_service; }}
    chain in {{ type filter hook input priority 0; policy accept;
        {rules}
    }}
    chain out {{ type filter hook output priority 0; policy accept;
        tcp dport @no_exit drop
        tcp sport @no_exit drop
        tcp dport @rejected reject with tcp reset
    }}
}}'''
RULES = '\n'.join(
    rule.format(side=side) for side in ('sport', 'dport') for rule in (
        'tcp {side} @no_fins tcp flags & fin == fin drop',
        'tcp {side} @no_acks tcp flags & syn == 0 drop',
        'tcp {side} @no_bare meta length < 200 drop',
        'tcp {side} @no_large meta length > 1300 drop',
        'tcp {side} @no_entry drop',
        'tcp {side} @refused reject with icmpx type host-unreachable',
    ))


def unlimit_icmp():
    """
    The kernel sends an address one ICMP message a second, after a few at once. Several scenarios that need one play at a
    time, and one of them would never get it.
    """
    for path in ('/proc/sys/net/ipv4/icmp_ratelimit', '/proc/sys/net/ipv6/icmp/ratelimit'):
        if os.path.exists(path):
            write(path, '0')


class Stage:
    """Two namespaces and a wire: sockets die in `near`; `far` is their peer. One for each set of near's sysctls."""

    def __init__(self, number, sysctls, family, note):
        stem = f'{PREFIX}-{os.getpid()}' + ('' if number == 1 else f'-{number}')
        self.near, self.far = f'{stem}-near', f'{stem}-far'
        self.sysctls = sysctls
        self.near_ip, self.far_ip = ADDRESSES[family]
        self.missing = None
        for name in (self.near, self.far):
            note.namespace(name)
            run('ip', 'netns', 'add', name)
        self.netns, self.far_netns = (os.stat(f'/run/netns/{name}').st_ino for name in (self.near, self.far))
        run('ip', '-n', self.near, 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth0', 'netns', self.far)
        for name, index in ((self.near, 0), (self.far, 1)):
            bits = '64 dev veth0 nodad' if family == 'ipv6' else '24 dev veth0'
            run('ip', '-n', name, '-batch', '-', text=(
                f'link set lo up\naddr add {ADDRESSES[family][index]}/{bits}\nlink set veth0 up\n'))
        # Another thread's namespace is its own: the guard stays where it was started.
        failed = []

        def inside():
            try:
                for name in (self.near, self.far):
                    enter(name)
                    run('nft', '-f', '-', text=FILTER.format(rules=RULES))
                    self._set({'ip_local_port_range': EPHEMERAL})
                    unlimit_icmp()
                    self._set(sysctls if name == self.near else {k: v for k, v in sysctls.items() if k == 'tcp_fastopen'})
            except Exception as error:
                failed.append(error)
        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]

    def warm(self, family):
        """
        Waits until far answers, in a thread of its own. The first packet waits for neighbour discovery, a second and
        more in IPv6. If it were the first round trip of a connection, its retransmission timeouts would be ten times as long.
        """
        enter(self.near)
        with socket.socket(socket.AF_INET6 if family == 'ipv6' else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((self.far_ip, 9))
            probe.settimeout(0.1)
            for _ in range(80):
                try:
                    probe.send(b'.')
                    probe.recv(1)
                except TimeoutError:
                    continue
                except OSError as error:
                    if error.errno == errno.ECONNREFUSED:
                        return

    def _set(self, sysctls):
        for name, value in sysctls.items():
            path = f'/proc/sys/net/ipv4/{name}'
            try:
                write(path, value)  # that of this thread's namespace
            except FileNotFoundError:
                self.missing = f'this kernel has no net.ipv4.{name}'

    def describe(self):
        return {
            'near': self.near, 'far': self.far, 'netns': self.netns, 'far_netns': self.far_netns,
            'near_addr': self.near_ip, 'far_addr': self.far_ip, 'sysctls': self.sysctls,
        }
