// node forward.mjs FROM_ADDRESS TO_ADDRESS PORT: lets HTTP and WebSocket of one network into another. Only TCP.
import { connect, createServer } from 'node:net';

const [from, to, port] = process.argv.slice(2);
const server = createServer((near) => {
  const far = connect(Number(port), to);
  near.pipe(far).pipe(near);
  for (const socket of [near, far]) {
    socket.on('error', () => {
      near.destroy();
      far.destroy();
    });
  }
});
server.listen(Number(port), from, () => console.log('forwarding'));
