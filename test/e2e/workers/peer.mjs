// The far end: `peer.mjs HOST [hold|answer|soon [MS]]` listens and accepts everything. Its port lies outside the
// ephemeral range and is its own as long as pids are not reused.
// `hold` reads a FIN and never answers it. `answer` answers by closing. `soon` does so 8 (MS) to 19 (MS + 11) ms later.
// On stdin: `fin N` sends a FIN on the N connections once they are accepted, `close` and `reset` end all, `write` sends
// 5 bytes on each.
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [host, mode = 'hold', soonest = '8'] = process.argv.slice(2);
const say = (is, more = {}) => process.stdout.write(`${JSON.stringify({ is, ...more })}\n`);
const sockets = [];
let answered = 0;
let finAt = Number.POSITIVE_INFINITY;

const sendFins = () => {
  if (sockets.length < finAt) return;
  finAt = Number.POSITIVE_INFINITY;
  for (const socket of sockets) socket.end();
};
const server = createServer({ allowHalfOpen: true }, (socket) => {
  sockets.push(socket);
  socket.on('error', () => {});
  socket.on('data', () => {});
  socket.on('end', () => {
    if (mode === 'answer') socket.destroy();
    if (mode === 'soon') setTimeout(() => socket.destroy(), Number(soonest) + (answered++ % 12));
  });
  sendFins();
});
server.listen({ host, port: 1024 + (process.pid % 30_000), backlog: 511 }, () =>
  say('listening', { port: server.address().port }),
);

createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, count] = line.split(' ');
  if (word === 'fin') {
    finAt = Number(count);
    sendFins();
  }
  if (word === 'write') for (const socket of sockets) socket.write('hello');
  if (word === 'close') for (const socket of sockets) socket.destroy();
  if (word === 'reset') for (const socket of sockets) socket.resetAndDestroy();
});
