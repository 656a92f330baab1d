"""Notes in /run/finwait-lab say what runs of the lab have made and changed, so that another run of finwait can undo it.

A run writes its note before each thing it makes, and holds a lock on it. A note whose lock is free belongs to a run that
was killed. Root acts on the words of a note. So it believes no note that another user can have written. It takes only
names of the lab's own namespaces from the others, and the sysctls that the lab sets, with numbers.
"""
import errno
import fcntl
import json
import os
import re
import stat

NOTES = '/run/finwait-lab'
PREFIX = 'finwait-lab'
# Sysctls of the whole machine that a scenario may set, and how many numbers each has.
HOST_SYSCTLS = {'tcp_max_orphans': 1, 'tcp_mem': 3}
SYSCTL_DIR = '/proc/sys/net/ipv4/'
NAMESPACE = re.compile(PREFIX + r'-\d{1,10}(-\d{1,4})?-(near|far)')
NOTE_NAME = re.compile(r'run-\d{1,10}|host')
MOST_BYTES = 1 << 20


class Fault(Exception):
    """This machine cannot do it. `why` and `remedy` are for a person."""

    def __init__(self, what, why, remedy):
        super().__init__(what)
        self.why, self.remedy = why, remedy


def read(path):
    with open(path) as f:
        return ' '.join(f.read().split())


def write(path, value):
    with open(path, 'w') as f:
        f.write(str(value))


def open_folder(make=True):
    """
    A descriptor of NOTES, which belongs to root alone, whatever the umask.

    :return: None if it is not there and cannot be made
    :raises Fault: if it is a link, no folder, or another user's
    """
    def foreign(what):
        return Fault(f'{NOTES} {what}', 'root would act on notes that somebody else may have written',
                     f'look at it, then remove it: rm -r {NOTES}')
    while True:
        if make:
            try:
                os.mkdir(NOTES, 0o700)
            except FileExistsError:
                pass
        try:
            fd = os.open(NOTES, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            if not make:
                return None
            continue  # Another run has just ended and taken the folder with it.
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                raise foreign('is a symbolic link' if os.path.islink(NOTES) else 'is no folder') from None
            raise
        found = os.fstat(fd)
        if found.st_uid != os.geteuid():
            os.close(fd)
            raise foreign(f'belongs to another user (uid {found.st_uid})')
        if stat.S_IMODE(found.st_mode) != 0o700:
            os.fchmod(fd, 0o700)
        return fd


def claim(name, wait=True):
    """
    Opens and locks a note. The lock dies with this process and no child inherits it.

    :return: None: another has it, or it is none of ours and was removed unread
    """
    while True:
        folder = open_folder()
        try:
            fd = _open_note(name, folder)
        except FileNotFoundError:
            continue  # The folder went between.
        finally:
            os.close(folder)
        if fd is None:
            if wait:
                continue
            return None
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            os.close(fd)
            return None
        if os.fstat(fd).st_nlink > 0:
            return fd
        os.close(fd)  # The holder of the lock has removed the file.


def _open_note(name, folder):
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(name, flags, 0o600, dir_fd=folder)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise
        _discard(name, folder)
        return None
    found = os.fstat(fd)
    if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink < 2:
        os.fchmod(fd, 0o600)
        return fd
    os.close(fd)
    _discard(name, folder)
    return None


def _discard(name, folder):
    try:
        os.unlink(name, dir_fd=folder)
    except IsADirectoryError:
        os.rename(name, f'not-a-note-{os.getpid()}', src_dir_fd=folder, dst_dir_fd=folder)


def release(name, fd):
    folder = open_folder(make=False)
    if folder is not None:
        os.unlink(name, dir_fd=folder)
        os.close(folder)
    os.close(fd)
    remove_folder()


def remove_folder():
    try:
        os.rmdir(NOTES)
    except OSError:
        pass  # Another run is under way.


def note_in(fd):
    """The newest note, as far as it can be believed. Behind a short note the end of an older, longer one may stand."""
    try:
        content = json.JSONDecoder().raw_decode(os.pread(fd, MOST_BYTES, 0).decode())[0]
    except (ValueError, RecursionError):
        content = None
    return believable(content)


def believable(content):
    """Reads a note, or anything else: {'namespaces': [name], 'sysctls': {path: {'was': numbers, 'set': numbers}}}"""
    content = content if isinstance(content, dict) else {}
    namespaces, sysctls = content.get('namespaces'), content.get('sysctls')
    return {
        'namespaces': [name for name in (namespaces if isinstance(namespaces, list) else [])
                       if isinstance(name, str) and NAMESPACE.fullmatch(name)],
        'sysctls': {path: {'was': value['was'], 'set': value['set']}
                    for path, value in (sysctls if isinstance(sysctls, dict) else {}).items()
                    if _is_sysctl(path, value)},
    }


def _is_sysctl(path, value):
    name = path[len(SYSCTL_DIR):]
    if path != SYSCTL_DIR + name or name not in HOST_SYSCTLS or not isinstance(value, dict):
        return False
    numbers = re.compile(r'\d{1,19}( \d{1,19}){%d}' % (HOST_SYSCTLS[name] - 1), re.ASCII)
    return all(isinstance(value.get(key), str) and numbers.fullmatch(value[key]) for key in ('was', 'set'))


def restore_sysctls(content):
    """
    A value that somebody else has changed meanwhile is theirs.

    :return: False if one cannot be set from here: another namespace has it, or /proc/sys is read-only
    """
    is_done = True
    for path, value in content['sysctls'].items():
        try:
            if read(path) == value['set']:
                write(path, value['was'])
        except OSError:
            is_done = False
    return is_done


class Note:
    """A run's own list of what it has made and changed: JSON, so that another run can undo it."""

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

    def sysctl(self, name, value):
        """Notes its present value and the next one; call it before it is set. One of HOST_SYSCTLS. Returns its path."""
        path = SYSCTL_DIR + name
        was = self.content['sysctls'].get(path, {}).get('was', read(path))
        self.content['sysctls'][path] = {'was': was, 'set': value}
        assert believable(self.content) == self.content, f'no lab could restore {name}'
        self._save()
        return path

    def restore(self):
        """This also undoes what a play has set: it wrote to the same file."""
        self.reload()
        restore_sysctls(self.content)
        self.content['sysctls'] = {}
        self._save()

    def reload(self):
        self.content = note_in(self.fd)
