import { connect, createServer } from 'node:net';

const ports = [8801, 8802, 8803];
let turn = 0;

createServer((client) => {
  /** Hands the connection to the node whose turn it is, or to the next one if nothing listens there. */
  const hand = (triesLeft = ports.length) => {
    if (client.destroyed || triesLeft === 0) return void client.destroy();
    let open = false;
    const node = connect(ports[turn++ % ports.length], 'localhost');
    node.on('connect', () => {
      open = true;
      client.pipe(node).pipe(client);
    });
    node.on('error', () => {}); // it closes next
    node.on('close', () => (open ? void client.destroy() : hand(triesLeft - 1)));
    client.on('close', () => node.destroy());
  };
  client.on('error', () => {}); // it closes next
  hand();
}).listen(8800, 'localhost', () => console.log('Balances.'));
