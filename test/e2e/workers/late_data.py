"""A server that closes first, and a client that sends data a while after: it meets a minisock in FIN_WAIT2. COUNT of them."""
import json
import socket
import sys
import time

host, port, count, pause = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
server = socket.socket(family)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((host, port))
server.listen(64)
print(json.dumps({"is": "ready"}), flush=True)
sys.stdin.readline()
clients = []
for _ in range(count):
    client = socket.socket(family)
    client.connect((host, port))
    server.accept()[0].close()
    if client.recv(1) != b"":
        raise OSError("the server's FIN did not come")
    clients.append(client)
time.sleep(pause)
for client in clients:
    client.sendall(b"late")
# A reset ends every client's socket: its state is CLOSE (7).
until = time.monotonic() + 20
for client in clients:
    while client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) != b"\x07":
        if time.monotonic() > until:
            raise OSError("a client was not reset")
        time.sleep(0.01)
print(json.dumps({"is": "done"}), flush=True)
sys.stdin.readline()
