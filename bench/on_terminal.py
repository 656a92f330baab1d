"""Runs a program on a terminal of its own and notes when it writes.

argv[1] is a JSON object: argv; marks, texts to look for; until, the mark after which it quits; linger, seconds from then
to the quit; timeout, seconds; columns, rows. Prints a JSON object: chunks, [seconds since the start, bytes, synchronized
updates begun] of each read; marks, text to the seconds of its first appearance, null if it did not; and memory, kB that
it had resident when it was told to quit, and at most. Leaves nothing running.
"""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

BEGIN_UPDATE = b"\x1b[?2026h"
KEPT = 4096
GRACE = 15

job = json.loads(sys.argv[1])
start = time.monotonic()
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", job["rows"], job["columns"], 0, 0))
    os.environ["TERM"] = "xterm-256color"
    os.execvp(job["argv"][0], job["argv"])


def end(_signal, _frame):
    os.kill(pid, signal.SIGTERM)
    sys.exit(1)


signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)

chunks, tail, marks = [], b"", {mark: None for mark in job["marks"]}
quit_at = None
ended = False
memory = None


def resident():
    with open(f"/proc/{pid}/status") as status:
        fields = dict(line.split(":", 1) for line in status if ":" in line)
    return [int(fields[name].split()[0]) for name in ("VmRSS", "VmHWM")]


while not ended and time.monotonic() - start < job["timeout"]:
    now = time.monotonic() - start
    if quit_at is None and marks.get(job["until"]) is not None:
        quit_at = marks[job["until"]] + job["linger"]
    if quit_at is not None and now >= quit_at:
        memory = resident()
        os.write(terminal, b"q")
        quit_at = float("inf")
        job["timeout"] = now + GRACE
    if not select.select([terminal], [], [], 0.01)[0]:
        continue
    try:
        chunk = os.read(terminal, 65536)
    except OSError:  # EIO: the program has gone
        chunk = b""
    if chunk == b"":
        ended = True
        break
    now = time.monotonic() - start
    # The beginning of a mark or an escape may have come with the chunk before.
    seen = tail + chunk
    updates = seen.count(BEGIN_UPDATE) - tail.count(BEGIN_UPDATE)
    chunks.append([round(now, 6), len(chunk), updates])
    for mark, at in marks.items():
        if at is None and mark.encode() in seen:
            marks[mark] = round(now, 6)
    tail = seen[-KEPT:]

for name in () if ended else (signal.SIGTERM, signal.SIGKILL):
    os.kill(pid, name)
    time.sleep(1)
    if os.waitpid(pid, os.WNOHANG)[0] != 0:
        break
print(json.dumps({"chunks": chunks, "marks": marks, "memory": memory, "tail": tail.decode("latin1")[-400:]}))
