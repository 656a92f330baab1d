// Opens and closes connections over loopback in five ways. The arguments of `mix.mjs CLOSE SHUTDOWN RESET UNREAD EXIT`
// are how many of each. When every socket of this process is closed it says so, with the listeners' ports.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const HOST = '127.0.0.1';
const AT_ONCE = 50;
const PER_PROCESS = 250;
const say = (is, more = {}) => process.stdout.write(`${JSON.stringify({ is, ...more })}\n`);

/** The client ends by their port, for the server that is to speak to them first. */
const clients = new Map();
let open = 0;

const listen = async (onConnection = () => {}) => {
  const server = createServer((socket) => {
    open++;
    socket.on('error', () => {});
    socket.once('close', () => open--);
    socket.resume();
    onConnection(socket);
  });
  server.listen({ host: HOST, port: 0, backlog: 4096 });
  await once(server, 'listening');
  return server;
};

const WAYS = {
  close: (socket) => socket.destroy(),
  shutdown: (socket) => socket.end(),
  reset: (socket) => socket.resetAndDestroy(),
  unread: () => {},
};

/** One connection, from connect() to 'close'. */
const live = async (port, way) => {
  const socket = connect({ host: HOST, port }, () => {
    if (way === 'unread') clients.set(socket.localPort, socket);
    else socket.resume();
    WAYS[way](socket);
  });
  // Paused before it connects, it reads nothing: incoming bytes stay in the kernel.
  socket.pause();
  socket.on('error', () => {});
  await once(socket, 'close');
};

const many = async (count, way, port) => {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await live(port, way);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
};

const runChild = async (port, count) => {
  let connected = 0;
  for (let i = 0; i < count; i++) {
    connect({ host: HOST, port }, () => {
      if (++connected === count) process.exit(0);
    });
  }
};

const main = async ([close, shutdown, reset, unread, exit]) => {
  const plain = await listen();
  const speaks = await listen((socket) => {
    socket.write('unread', () => {
      const poll = () => {
        const client = clients.get(socket.remotePort);
        if (client === undefined) setImmediate(poll);
        else client.destroy();
        clients.delete(socket.remotePort);
      };
      poll();
    });
  });
  const { port } = plain.address();
  for (let left = exit; left > 0; left -= PER_PROCESS) {
    const child = fork(import.meta.filename, ['child', String(port), String(Math.min(left, PER_PROCESS))], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'exit');
  }
  await Promise.all([
    many(close, 'close', port),
    many(shutdown, 'shutdown', port),
    many(reset, 'reset', port),
    many(unread, 'unread', speaks.address().port),
  ]);
  while (open > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const ports = [port, speaks.address().port];
  plain.close();
  speaks.close();
  say('done', { ports });
};

if (process.argv[2] === 'child') runChild(Number(process.argv[3]), Number(process.argv[4]));
else main(process.argv.slice(2).map(Number));
