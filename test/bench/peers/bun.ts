import { fileURLToPath } from 'node:url';
import { isOnPath } from './on-path.ts';
import type { Peer } from './peer.ts';
import { ws } from './ws.ts';

const SERVER = fileURLToPath(new URL('bun-server.ts', import.meta.url));

/** The fastest server that a developer writes in a few lines, if `bun` is on the PATH. */
export const bun: Peer = {
  ...ws,
  name: 'bun',
  about:
    'Bun.serve and its publish to a topic, over ioredis; PUBLISH on a channel a topic, live only, no tokens',
  installed: () => isOnPath('bun'),
  launch: ({ redisPort, port }) => ({
    command: ['bun', SERVER, String(port), String(redisPort)],
    health: '/healthz',
  }),
};
