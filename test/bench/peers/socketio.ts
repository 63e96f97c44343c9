import { fileURLToPath } from 'node:url';
import type { Json } from '../../../src/model/json.ts';
import { packed } from './msgpack.ts';
import type { Peer, Rule } from './peer.ts';
import { redisEntryPoint } from './redis-entry-point.ts';

const SERVER = fileURLToPath(new URL('socketio-server.ts', import.meta.url));
const EVENT_PACKET = 2;

/** Engine.IO opens with `0{…}`. The client asks for the default namespace and gets `40{…}`. Pings of the server are `2`. */
const RULES: readonly Rule[] = [
  { begins: '0{', reply: '40' },
  { begins: '40', stands: true },
  { begins: '2', reply: '3' },
];

/** Socket.IO with its Redis adapter. It uses only the WebSocket transport, and one room for each topic. */
export const socketio: Peer = {
  name: 'socket.io',
  about:
    'Socket.IO with @socket.io/redis-adapter, WebSocket transport; PUBLISH as its Redis emitter does, live only',
  installed: () => true,
  launch: ({ redisPort, port }) => ({
    command: [process.execPath, SERVER, String(port), String(redisPort)],
    health: '/healthz',
  }),
  script: ({ topic }) => ({
    path: `/socket.io/?EIO=4&transport=websocket&topic=${topic}`,
    rules: RULES,
  }),
  publisher: ({ redisPort }) =>
    redisEntryPoint(redisPort, ({ topic, text }) => {
      const packet = { type: EVENT_PACKET, data: ['event', JSON.parse(text) as Json], nsp: '/' };
      const options = { rooms: [topic], except: [], flags: {} };
      return ['PUBLISH', `socket.io#/#${topic}#`, packed(['emitter', packet, options])];
    }),
};
