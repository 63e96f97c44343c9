import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { temporaryDirectory } from '../processes.ts';
import { isOnPath } from './on-path.ts';
import type { Peer, Publisher } from './peer.ts';

const CONNECT = 'CONNECT {"verbose":false}\r\n';
const PING = 'PING\r\n';
const PONG = 'PONG\r\n';

/** nats-server, if it is on the PATH: clients on its WebSocket listener, events over TCP, no Redis. */
export const nats: Peer = {
  name: 'nats',
  about: 'nats-server from the PATH, clients on its WebSocket listener; PUB over TCP, live only, no tokens',
  installed: () => isOnPath('nats-server'),
  launch: ({ port, entryPort, healthPort }) => {
    const file = join(temporaryDirectory(), 'nats.conf');
    const host = '127.0.0.1';
    const websocket = `websocket { listen: "${host}:${port}", no_tls: true }`;
    writeFileSync(file, `listen: "${host}:${entryPort}"\nhttp: "${host}:${healthPort}"\n${websocket}\n`);
    return {
      command: ['nats-server', '-c', file, '-l', '/dev/null'],
      env: { GOMAXPROCS: '1' },
      health: `http://${host}:${healthPort}/healthz`,
    };
  },
  script: ({ topic }) => ({
    path: '/',
    hello: [`${CONNECT}SUB ${topic} 1\r\n${PING}`],
    rules: [
      { begins: PONG, stands: true },
      { begins: PING, reply: PONG },
    ],
    batches: true,
  }),
  publisher: ({ entryPort }) => publisherTo(entryPort),
};

/** Sends the events of one turn together, and counts them as accepted when the server answers the ping after them. */
function publisherTo(port: number): Publisher {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const waiting: (() => void)[][] = [];
  let texts: string[] = [];
  let turn: (() => void)[] = [];
  const flush = (): void => {
    socket.write(texts.join('') + PING);
    waiting.push(turn);
    texts = [];
    turn = [];
  };
  let rest = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === 'PING') socket.write(PONG);
      else if (line === 'PONG') for (const accepted of waiting.shift() ?? []) accepted();
    }
  });
  socket.write(CONNECT);
  return {
    publish: ({ topic, text }) =>
      new Promise((resolve) => {
        if (turn.length === 0) setImmediate(flush);
        turn.push(() => resolve(undefined));
        texts.push(`PUB ${topic} ${Buffer.byteLength(text)}\r\n${text}\r\n`);
      }),
    stop: () => void socket.destroy(),
  };
}
