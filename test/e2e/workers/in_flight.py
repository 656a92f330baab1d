# A connection that no process has open: `in_flight.py HOST PORT` connects, sends the descriptor into a unix socket that
# nobody reads, and closes its own. It ends when its stdin does.
import json
import socket
import sys

ours, theirs = socket.socketpair()
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
port = connection.getsockname()[1]
socket.send_fds(ours, [b"x"], [connection.fileno()])
connection.close()
print(json.dumps({"is": "in_flight", "port": port}), flush=True)
sys.stdin.read()
