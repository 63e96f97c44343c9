import { connect, createServer } from 'node:net';

const ports = [8801, 8802, 8803];
let turn = 0;

/** Hands a connection to the node whose turn it is, or to the next one if nothing listens there. */
function hand(client, triesLeft) {
  if (client.destroyed || triesLeft === 0) return client.destroy();
  let open = false;
  const node = connect(ports[turn++ % ports.length], 'localhost');
  node.on('connect', () => {
    open = true;
    client.pipe(node).pipe(client);
  });
  node.on('error', () => {}); // it closes next
  node.on('close', () => (open ? client.destroy() : hand(client, triesLeft - 1)));
  client.on('close', () => node.destroy());
}

createServer((client) => {
  client.on('error', () => {}); // it closes next
  hand(client, ports.length);
}).listen(8800, 'localhost', () => console.log('Balances.'));
