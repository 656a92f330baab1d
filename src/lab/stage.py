"""Where the lab plays: pairs of network namespaces, and how everything is removed, whoever died.

A run keeps a note in /run/finwait-lab, written before each thing it makes, and holds a lock on it. A note whose lock is
free belongs to a run that was killed: the next run removes what stands there.
"""
import ctypes
import errno
import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import threading

NOTES = '/run/finwait-lab'
PREFIX = 'finwait-lab'
ADDRESSES = {'ipv4': ('10.231.7.1', '10.231.7.2'), 'ipv6': ('fd00:1ab::1', 'fd00:1ab::2')}
# Sockets of the lab are bound to ports above these, each to its own.
EPHEMERAL = '5000 9999'

libc = ctypes.CDLL(None, use_errno=True)


class Fault(Exception):
    """This machine cannot do it. `why` and `remedy` are for a person."""

    def __init__(self, what, why, remedy):
        super().__init__(what)
        self.why, self.remedy = why, remedy


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


def read(path):
    with open(path) as f:
        return ' '.join(f.read().split())


def write(path, value):
    with open(path, 'w') as f:
        f.write(str(value))


def claim(name, wait=True):
    """Opens and locks NOTES/name. The lock dies with this process and no child inherits it. None: another has it."""
    while True:
        os.makedirs(NOTES, exist_ok=True)
        try:
            fd = os.open(f'{NOTES}/{name}', os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            continue  # Another run has just ended and taken the folder with it.
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            os.close(fd)
            return None
        if os.fstat(fd).st_nlink > 0:
            return fd
        os.close(fd)  # Who held the lock has removed the file.


def release(name, fd):
    os.unlink(f'{NOTES}/{name}')
    os.close(fd)
    try:
        os.rmdir(NOTES)
    except OSError:
        pass  # Another run is under way.


def note_in(fd):
    """What was noted last; {} before the first note. Behind a shorter one the end of a longer one may stand."""
    try:
        return json.JSONDecoder().raw_decode(os.pread(fd, 1 << 20, 0).decode())[0]
    except ValueError:
        return {}


class Note:
    """What this run has made and changed: JSON, so that another run can undo it."""

    def __init__(self):
        self.name = f'run-{os.getpid()}'
        self.fd = claim(self.name)
        self.content = {'namespaces': [], 'sysctls': {}}

    def _save(self):
        text = json.dumps(self.content).encode()
        os.pwrite(self.fd, text, 0)
        os.ftruncate(self.fd, len(text))

    def namespace(self, name):
        self.content['namespaces'].append(name)
        self._save()

    def sysctl(self, path, value):
        """To be called before it is set: what it is now, and what it will be."""
        was = self.content['sysctls'].get(path, {}).get('was', read(path))
        self.content['sysctls'][path] = {'was': was, 'set': value}
        self._save()

    def restore(self):
        """Also what a play has set: it wrote to the same file."""
        self.reload()
        restore_sysctls(self.content)
        self.content['sysctls'] = {}
        self._save()

    def reload(self):
        self.content = {'namespaces': [], 'sysctls': {}, **note_in(self.fd)}

    def undo(self):
        self.reload()
        undo(self.content)
        release(self.name, self.fd)


def restore_sysctls(content):
    """What somebody else has changed meanwhile is theirs."""
    for path, value in content.get('sysctls', {}).items():
        try:
            if read(path) == value['set']:
                write(path, value['was'])
        except OSError:
            pass


def aborts_orphans():
    """Before 6.1, `ss -K` on an orphan takes its send queue and leaves it: with its timers idle, it lives for ever."""
    release = re.match(r'(\d+)\.(\d+)', os.uname().release)
    return release is not None and (int(release[1]), int(release[2])) >= (6, 1)


def undo(content):
    restore_sysctls(content)
    for name in content.get('namespaces', []):
        if name.startswith(PREFIX) and '/' not in name:
            # Orphans would keep the namespace, and the kernel's count, for minutes.
            if aborts_orphans():
                quietly('ip', 'netns', 'exec', name, 'ss', '-HKt', 'state', 'all')
            else:
                quietly('ip', 'netns', 'exec', name, 'nft', 'delete', 'table', 'inet', 'lab')
                quietly('ip', 'netns', 'exec', name, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries')
            quietly('ip', 'netns', 'del', name)


def remove_stale():
    """Undoes what runs left that were killed together with their worker."""
    try:
        names = os.listdir(NOTES)
    except FileNotFoundError:
        return
    for name in names:
        fd = claim(name, wait=False)
        if fd is None:
            continue
        try:
            undo(note_in(fd))
        finally:
            release(name, fd)


FILTER = '''table inet lab {{
    set no_fins {{ type inet_service; }}
    set no_acks {{ type inet_service; }}
    set no_bare {{ type inet_service; }}
    set no_entry {{ type inet_service; }}
    set no_exit {{ type inet_service; }}
    set refused {{ type inet_service; }}
    chain in {{ type filter hook input priority 0; policy accept;
        {rules}
    }}
    chain out {{ type filter hook output priority 0; policy accept;
        tcp dport @no_exit drop
        tcp sport @no_exit drop
    }}
}}'''
RULES = '\n'.join(
    rule.format(side=side) for side in ('sport', 'dport') for rule in (
        'tcp {side} @no_fins tcp flags & fin == fin drop',
        'tcp {side} @no_acks tcp flags & syn == 0 drop',
        'tcp {side} @no_bare meta length < 200 drop',
        'tcp {side} @no_entry drop',
        'tcp {side} @refused reject with icmpx type host-unreachable',
    ))


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
        In a thread of its own: until far answers. The first packet waits for neighbour discovery, a second and more in
        IPv6: as the first round trip of a connection it would make its retransmission timeouts ten times as long.
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
                write(path, value)  # of the namespace this thread is in
            except FileNotFoundError:
                self.missing = f'this kernel has no net.ipv4.{name}'

    def describe(self):
        return {
            'near': self.near, 'far': self.far, 'netns': self.netns, 'far_netns': self.far_netns,
            'near_addr': self.near_ip, 'far_addr': self.far_ip, 'sysctls': self.sysctls,
        }
