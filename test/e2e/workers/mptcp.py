# An MPTCP connection over loopback whose connecting end is closed, and whose other end is not: `mptcp.py HOST`. It says
# `none` where there is no MPTCP. It ends when its stdin does.
import json
import socket
import sys

IPPROTO_MPTCP = 262
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
try:
    listener = socket.socket(family, socket.SOCK_STREAM, IPPROTO_MPTCP)
    ours = socket.socket(family, socket.SOCK_STREAM, IPPROTO_MPTCP)
except OSError as error:
    print(json.dumps({"is": "ready", "why": str(error)}), flush=True)
    sys.exit()
listener.bind((sys.argv[1], 0))
listener.listen()
ours.connect(listener.getsockname()[:2])
theirs, _ = listener.accept()
# Data that was acknowledged makes it a whole MPTCP connection.
ours.send(b"x")
theirs.recv(1)
theirs.send(b"y")
ours.recv(1)
ends = [ours.getsockname()[1], listener.getsockname()[1]]
ours.close()
theirs.recv(1)
print(json.dumps({"is": "ready", "ends": ends}), flush=True)
sys.stdin.read()
