import { fileURLToPath } from 'node:url';
import type { Peer } from './peer.ts';
import { redisEntryPoint } from './redis-entry-point.ts';

const SERVER = fileURLToPath(new URL('ws-server.ts', import.meta.url));
export const CHANNEL_PREFIX = 'bench:';

/** The first solution that most developers write: a set of sockets for each topic, and a loop over them. */
export const ws: Peer = {
  name: 'ws',
  about: 'plain ws loop over ioredis; PUBLISH on a channel a topic, live only',
  installed: () => true,
  launch: ({ redisPort, port }) => ({
    command: [process.execPath, SERVER, String(port), String(redisPort)],
    health: '/healthz',
  }),
  script: ({ topic }) => ({ path: `/?topic=${topic}` }),
  publisher: ({ redisPort }) =>
    redisEntryPoint(redisPort, ({ topic, text }) => ['PUBLISH', CHANNEL_PREFIX + topic, text]),
};
