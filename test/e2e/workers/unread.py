"""A server that closes RATE connections a second with unread data, for SECONDS. Its clients are threads of its own."""
import json
import socket
import sys
import time

host, port, rate, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
server = socket.socket(family)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((host, port))
server.listen(64)
print(json.dumps({"is": "ready"}), flush=True)
sys.stdin.readline()
began = time.monotonic()
count = int(rate * seconds)
for number in range(count):
    client = socket.socket(family)
    client.connect((host, port))
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    taken, _ = server.accept()
    taken.recv(1, socket.MSG_PEEK)
    taken.close()
    client.close()
    left = began + (number + 1) / rate - time.monotonic()
    if left > 0:
        time.sleep(left)
print(json.dumps({"is": "done", "count": count, "took": time.monotonic() - began}), flush=True)
