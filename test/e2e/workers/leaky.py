# A server that never closes: `leaky.py HOST ACCEPT` listens, accepts that many connections, reads nothing of them, and
# leaves the rest in its accept queue. It ends when its stdin does.
import json
import socket
import sys


def say(what, **more):
    print(json.dumps({"is": what, **more}), flush=True)


listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.bind((sys.argv[1], 0))
listener.listen(16)
say("listening", port=listener.getsockname()[1])
held = [listener.accept()[0] for _ in range(int(sys.argv[2]))]
say("accepted", count=len(held))
sys.stdin.read()
