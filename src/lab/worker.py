"""The worker of `finwait lab`: makes the namespaces, plays scenarios in them, and leaves nothing behind.

Reads a plan, one JSON line: {family, jobs: [{scenario, seconds}], at_once, hold}. Says NDJSON on stdout. Ends when all is
played, at the end of stdin (finwait has died or says stop), or on SIGTERM; then it removes all it made. `worker.py
--clean` only removes what killed runs have left.
"""
import encodings.idna  # noqa: F401  (a play of another user could not read it)
import json
import os
import select
import signal
import sys
import threading
import time
import traceback

import ways_close
import ways_limits
import ways_peer
import ways_process
from notes import Fault, Note, claim, release
from play import SCENARIOS, Play, Skip, emit
from stage import Stage, die_with_parent, enter, libc, remove_stale, undo_note

assert ways_close and ways_limits and ways_peer and ways_process  # imported for the scenarios they name


def play(job, number, stage, family, note, parent, life):
    """
    Runs in a process of its own. Exit status 0: played; 1: failed or skipped, and said so.

    :param life: a pipe that ends with the guard, where the far ends are to stay until then; else None
    """
    os.setpgid(0, 0)
    die_with_parent()
    if os.getppid() != parent:
        os._exit(1)
    for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(which, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    libc.prctl(15, job['scenario'].encode()[:15])  # PR_SET_NAME: the comm that a tracer shows
    enter(stage.near)
    name = job['scenario']
    if stage.missing is not None:
        emit('lab_skipped', scenario=name, run=number, reason=stage.missing)
        os._exit(1)
    here = Play(name, number, stage, family, note)
    try:
        SCENARIOS[name]['act'](here)
        # Once in thousands the ACK of a FIN comes just before close() releases the lock: then no minisock takes over, and
        # the socket lives for tcp_fin_timeout, 60 s.
        here.await_gone(job['seconds'] * 2 + 80)
    except Skip as reason:
        emit('lab_skipped', scenario=name, run=number, reason=str(reason))
        os._exit(1)
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        emit('lab_failed', scenario=name, run=number, error=f'{error!r} at {where.filename.split("/")[-1]}:{where.lineno}')
        os._exit(1)
    emit('lab_played', scenario=name, run=number)
    if life is None:
        here.leave()
    elif os.fork() == 0:
        os.read(life, 1)  # keeps the far ends as they are
    os._exit(0)


class Guard:
    """Starts the plays and ends them; the only one who makes and removes namespaces."""

    def __init__(self, plan):
        self.plan = plan
        self.running = {}
        self.note = None
        self.host_lock = None
        self.stages = {}
        self.is_stopped = False
        self.life, self.life_end = os.pipe()
        self.wake, wake_end = os.pipe()
        for fd in (self.wake, wake_end):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake_end)
        for which in (signal.SIGINT, signal.SIGHUP):
            signal.signal(which, signal.SIG_IGN)  # a terminal sends them: finwait gets them too, and tells us
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_):
        self.is_stopped = True

    def _key(self, name):
        return json.dumps(SCENARIOS[name]['sysctls'], sort_keys=True)

    def set_up(self):
        remove_stale()
        names = dict.fromkeys(job['scenario'] for job in self.plan['jobs'])
        if any(SCENARIOS[name]['host'] for name in names):
            self.host_lock = claim('host', wait=False)
            if self.host_lock is None:
                raise Fault('another lab changes sysctls of this host', 'two would restore each other\'s values',
                            'wait for its end')
        self.note = Note()
        for name in names:
            key = self._key(name)
            if key not in self.stages:
                self.stages[key] = Stage(len(self.stages) + 1, SCENARIOS[name]['sysctls'], self.plan['family'], self.note)
        warming = [threading.Thread(target=stage.warm, args=(self.plan['family'],)) for stage in self.stages.values()]
        for thread in warming:
            thread.start()
        for thread in warming:
            thread.join()
        emit('lab_start', family=self.plan['family'], pid=os.getpid(),
             stages=[stage.describe() for stage in self.stages.values()],
             scenarios={name: list(self.stages).index(self._key(name)) for name in names})

    def perform(self):
        waiting = list(enumerate(self.plan['jobs']))
        while not self.is_stopped and (waiting or self.running):
            while waiting and self._may_start(waiting[0][1]):
                self._start(*waiting.pop(0))
            self._rest()
        if self.plan['hold'] and not self.is_stopped:
            emit('lab_hold')
            while not self.is_stopped:
                self._rest()

    def _may_start(self, job):
        is_alone = SCENARIOS[job['scenario']]['host']
        if any(SCENARIOS[name]['host'] for name, _ in self.running.values()):
            return False
        return not self.running if is_alone else len(self.running) < self.plan['at_once']

    def _start(self, number, job):
        stage = self.stages[self._key(job['scenario'])]
        emit('lab_play', scenario=job['scenario'], run=number, netns=stage.netns)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(self.life_end)
            try:
                play(job, number, stage, self.plan['family'], self.note, parent, self.life if self.plan['hold'] else None)
            finally:
                os._exit(1)
        self.running[pid] = (job['scenario'], number)

    def _rest(self):
        readable, _, _ = select.select([0, self.wake], [], [], 1)
        if 0 in readable:
            # Whatever comes, and above all the end of stdin, means: stop.
            self.is_stopped = True
        if self.wake in readable:
            os.read(self.wake, 4096)
        for pid in [*self.running]:
            try:
                done, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue
            if done:
                self._ended(pid, status)

    def _ended(self, pid, status):
        name, number = self.running.pop(pid)
        if not self.plan['hold']:
            kill_group(pid)
        if SCENARIOS[name]['host']:
            self.note.restore()
        if os.WIFSIGNALED(status):
            emit('lab_failed', scenario=name, run=number, error=f'the process died of signal {os.WTERMSIG(status)}')

    def tear_down(self):
        os.close(self.life_end)
        for pid in [*self.running]:
            kill_group(pid)
            try:
                os.kill(pid, signal.SIGKILL)  # It may not have made its group yet.
            except ProcessLookupError:
                pass
            os.waitpid(pid, 0)
        if self.note is not None:
            undo_note(self.note.name, self.note.fd)
        if self.host_lock is not None:
            release('host', self.host_lock)


def kill_group(pid):
    """Kills a play: its children are in its group. Once they are gone and it is reaped, its id may be another's."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def main():
    if sys.argv[1:] == ['--clean']:
        try:
            remove_stale()
        except Fault as fault:
            sys.exit(f'{fault}: {fault.why}; {fault.remedy}')
        return
    plan = json.loads(sys.stdin.buffer.raw.readline() or b'{"jobs": []}')
    if not plan['jobs']:
        return
    began = time.monotonic()
    guard = Guard(plan)
    status = 0
    try:
        guard.set_up()
        guard.perform()
    except Fault as fault:
        emit('lab_fault', what=str(fault), why=fault.why, remedy=fault.remedy)
        status = 1
    except BrokenPipeError:
        pass  # Nobody listens any more.
    finally:
        # From here on nothing may stop it.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        guard.tear_down()
    try:
        emit('lab_end', stopped=guard.is_stopped, seconds=round(time.monotonic() - began, 3))
    except BrokenPipeError:
        pass
    sys.exit(status)


main()
