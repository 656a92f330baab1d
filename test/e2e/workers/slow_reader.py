"""Orphans whose peer reads 4 KiB ten times a second, and then no more. Arguments: address, how many, seconds, and then."""
import socket
import sys
import time

address, count, reading, then = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
listener = socket.socket(family)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
listener.bind((address, 0))
listener.listen(512)
pairs = []
for _ in range(count):
    client = socket.socket(family)
    client.connect(listener.getsockname())
    pairs.append((client, listener.accept()[0]))
for client, _ in pairs:
    client.setblocking(False)
    try:
        while True:
            client.send(b"x" * 16384)
    except BlockingIOError:
        pass
    client.close()
print("closed", flush=True)
end = time.monotonic() + reading
while time.monotonic() < end:
    for _, server in pairs:
        server.setblocking(False)
        try:
            server.recv(4096)
        except BlockingIOError:
            pass
    time.sleep(0.1)
time.sleep(then)
