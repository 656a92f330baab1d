"""Makes orphans that only the kernel ends: `reaped.py NEAR FAR NEAR_IP`, run in the namespace NEAR.

Takes the cases as one line of JSON on stdin: [{"name", "how", "ip", "send", "user_timeout", "linger2", "rto_max",
"linger", "wait"}, ...]. Says {"is": "made", "name", "lport", "rport"} when a case's socket is being closed, and at
last {"is": "done"}; then it stays until stdin ends.
"""
import ctypes
import json
import socket
import struct
import subprocess
import sys
import threading
import time

NEAR, FAR, NEAR_IP = sys.argv[1:4]
TCP_USER_TIMEOUT, TCP_LINGER2 = 18, 8
libc = ctypes.CDLL(None, use_errno=True)
kept = []
ways = {}
saying = threading.Lock()


class In:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        enter(self.name)

    def __exit__(self, *_):
        enter(NEAR)


def enter(name):
    with open(f'/run/netns/{name}') as f:
        if libc.setns(f.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), f'setns {name}')


def say(message):
    # print() writes a line and its end apart: two threads at once would mix theirs.
    with saying:
        sys.stdout.write(json.dumps(message) + '\n')
        sys.stdout.flush()


def nft(script):
    with In(FAR):
        subprocess.run(['nft', '-f', '-'], input=script.encode(), check=True)


def silence(port):
    nft(f'add element inet reaped silent {{ {port} }}')


def own_way(case):
    """A case whose segments this host drops has a device of its own, so that the others still send."""
    device = f'drop{len(ways)}'
    ways[case['name']] = device
    net = f'10.232.{len(ways)}'
    ip('link', 'add', device, 'netns', NEAR, 'type', 'veth', 'peer', 'name', device, 'netns', FAR)
    for name, address in ((NEAR, '1'), (FAR, '2')):
        ip('-n', name, 'addr', 'add', f'{net}.{address}/24', 'dev', device)
        ip('-n', name, 'link', 'set', device, 'up')
    case['ip'] = f'{net}.2'


def drop_here(case):
    """This host's own queue discipline has no room (NET_XMIT_DROP)."""
    subprocess.run(['tc', 'qdisc', 'replace', 'dev', ways[case['name']], 'root', 'pfifo', 'limit', '0'], check=True)


def ip(*args):
    subprocess.run(['ip', *args], check=True)


def set_rto_max(ms):
    with open('/proc/sys/net/ipv4/tcp_rto_max_ms', 'w') as f:
        f.write(str(ms))


def pair(case):
    if case['how'].startswith('dropped'):
        own_way(case)
    with In(FAR):
        server = socket.socket()
    if case['how'].startswith('window'):
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    server.bind((case['ip'], 0))
    server.listen(1)
    if case.get('rto_max'):
        set_rto_max(case['rto_max'])
    near = socket.socket()
    if case.get('rto_max'):
        set_rto_max(120000)
    near.connect(server.getsockname())
    far, _ = server.accept()
    kept.extend([server, far])
    for option, name in ((TCP_USER_TIMEOUT, 'user_timeout'), (TCP_LINGER2, 'linger2')):
        if case.get(name):
            near.setsockopt(socket.IPPROTO_TCP, option, case[name])
    if case.get('linger'):
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, case['linger']))
    return near, far, near.getsockname()[1], server.getsockname()[1]


def close(near, case, lport, rport):
    say({'is': 'made', 'name': case['name'], 'lport': lport, 'rport': rport})
    near.close()


def make(case):
    with making:
        near, far, lport, rport = pair(case)
    how = case['how']
    if how == 'last_ack':
        far.close()
        near.recv(1)
    if how.startswith('window'):
        near.setblocking(False)
        try:
            while True:
                near.send(b'x' * 65536)
        except BlockingIOError:
            pass
        near.setblocking(True)
        time.sleep(case['wait'])
        if how == 'window_silent':
            silence(rport)
    elif how == 'dropped_unsent':
        drop_here(case)
        near.sendall(b'x' * case['send'])
        time.sleep(case['wait'])
    elif how == 'dropped_in_flight':
        silence(rport)
        near.sendall(b'x' * case['send'])
        drop_here(case)
        time.sleep(case['wait'])
    elif how != 'half_open':
        silence(rport)
        near.sendall(b'x' * case.get('send', 0))
        time.sleep(case.get('wait', 0))
    close(near, case, lport, rport)


# tcp_rto_max_ms is the namespace's: no two sockets are made at once.
making = threading.Lock()


nft('''table inet reaped {
    set silent { type inet_service; }
    chain in { type filter hook input priority 0; policy accept; tcp dport @silent drop; }
}''')
cases = json.loads(sys.stdin.readline())
threads = [threading.Thread(target=make, args=(case,)) for case in cases]
for thread in threads:
    thread.start()
    time.sleep(0.05)
for thread in threads:
    thread.join()
say({'is': 'done'})
sys.stdin.readline()
