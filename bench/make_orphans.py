"""Makes orphans that stay: argv[1] of them, in the network namespace that it is started in. No FIN arrives there, so each
close leaves its socket in FIN_WAIT1, and tcp_orphan_retries lets it send again for a quarter of an hour."""
import socket
import subprocess
import sys

wanted = int(sys.argv[1])
with open('/proc/sys/net/ipv4/tcp_orphan_retries', 'w') as f:
    f.write('15')
subprocess.run(['nft', 'add table ip bench; add chain ip bench in { type filter hook input priority 0; }; '
    'add rule ip bench in tcp flags & fin == fin drop'], check=True)
made = 0
while made < wanted:
    server = socket.create_server(('127.0.0.1', 0))
    # Fewer than there are local ports: each connection takes one, for as long as its orphans live.
    for _ in range(min(20_000, (wanted - made) // 2)):
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
        near.close()
        far.close()
        made += 2
    server.close()
print(made, flush=True)
