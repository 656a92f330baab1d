# Many connections between two hosts. `crowd.py serve HOST PORT COUNT` accepts them and keeps them; `crowd.py hold HOST
# PORT COUNT` opens them, sends a word on each, and keeps them. Each says when it has all. It ends when its stdin does.
import json
import socket
import sys

what, host, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
kept = []


def say(word):
    print(json.dumps({"is": word}), flush=True)


if what == "serve":
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((host, port))
    server.listen(4096)
    say("listening")
    while len(kept) < count:
        kept.append(server.accept()[0])
else:
    while len(kept) < count:
        kept.append(socket.create_connection((host, port)))
    for connection in kept:
        connection.send(b"hello")
say("ready")
sys.stdin.read()
