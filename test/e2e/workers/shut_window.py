"""Orphans closed with data in flight, whose peer shuts its window and never reads. Arguments: address, how many, seconds."""
import socket
import sys
import time

address, count, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
listener = socket.socket(family)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
listener.bind((address, 0))
listener.listen(512)
pairs = []
for _ in range(count):
    client = socket.socket(family)
    client.connect(listener.getsockname())
    pairs.append((client, listener.accept()[0]))
time.sleep(0.5)
for client, _ in pairs:
    client.setblocking(False)
    try:
        while True:
            client.send(b"x" * 16384)
    except BlockingIOError:
        pass
    client.close()
print("closed", flush=True)
time.sleep(seconds)
