// The near end: `dial.mjs HOST PORT COUNT` opens connections and says their local ports. When the peer's FIN has come
// on all of them, it says so. On stdin: `exit [STATUS]` ends the process with all of them open, `close` closes them.
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [host, port, count] = process.argv.slice(2);
const say = (is, more = {}) => process.stdout.write(`${JSON.stringify({ is, ...more })}\n`);
const sockets = [];
let connected = 0;
let fins = 0;

for (let i = 0; i < Number(count); i++) {
  const socket = connect({ host, port: Number(port), allowHalfOpen: true }, () => {
    if (++connected === Number(count)) say('connected', { ports: sockets.map((each) => each.localPort) });
  });
  socket.on('data', () => {});
  socket.on('end', () => {
    if (++fins === Number(count)) say('peer_fin');
  });
  sockets.push(socket);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, status = '0'] = line.split(' ');
  if (word === 'exit') process.exit(Number(status));
  if (word === 'close') {
    for (const socket of sockets) socket.destroy();
    say('closed');
  }
});
