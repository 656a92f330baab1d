# Connections that were closed, or are thought to be, and still are there: `kept.py HOST PORT` makes one of each way and
# tells their ports and the processes that keep them. It ends when its stdin does, and its children with it.
import ctypes
import json
import os
import socket
import subprocess
import sys
import time

IO_URING_SETUP, IO_URING_REGISTER, REGISTER_FILES = 425, 427, 2
FIN_WAIT2 = 5
libc = ctypes.CDLL(None, use_errno=True)


def say(what, **more):
    print(json.dumps({"is": what, **more}), flush=True)


def connect():
    connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    return connection, connection.getsockname()[1]


# A child that never calls exec(), beside its parent. It comes first: it has nothing of those that follow.
forked, forked_port = connect()
down, up = os.pipe()
child = os.fork()
if child == 0:
    os.close(up)
    os.read(down, 1)
    os._exit(0)

# A program that was started with the descriptor, which the parent then closed.
inherited, inherited_port = connect()
inherited.set_inheritable(True)
program = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, close_fds=False)
inherited.close()

passed, passed_port = connect()
ours, theirs = socket.socketpair()
socket.send_fds(ours, [b"x"], [passed.fileno()])
passed.close()

half, half_port = connect()
half.shutdown(socket.SHUT_WR)
while half.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != FIN_WAIT2:
    time.sleep(0.01)

registered, registered_port = connect()
params = ctypes.create_string_buffer(120)
ring = libc.syscall(IO_URING_SETUP, 8, params)
if ring >= 0:
    files = (ctypes.c_int * 1)(registered.fileno())
    if libc.syscall(IO_URING_REGISTER, ring, REGISTER_FILES, files, 1) != 0:
        raise OSError(ctypes.get_errno(), "io_uring_register")
    registered.close()

say(
    "kept",
    pid=os.getpid(),
    child=child,
    program=program.pid,
    forked=forked_port,
    inherited=inherited_port,
    passed=passed_port,
    half=half_port,
    registered=registered_port if ring >= 0 else None,
)
for line in sys.stdin:
    if line.strip() == "end program":
        program.stdin.close()
        program.wait()
        say("ended")
