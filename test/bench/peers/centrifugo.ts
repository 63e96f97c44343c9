import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Peer } from './peer.ts';

const PING = '{}';

/** Centrifugo (6 or later) with its Redis engine, if it is on the PATH. */
export const centrifugo: Peer = {
  name: 'centrifugo',
  about:
    'Centrifugo from the PATH, Redis engine, JSON protocol; its HTTP API, live only (this adapter is untested)',
  launch: ({ redisPort, port }) =>
    isInstalled()
      ? {
          command: ['centrifugo'],
          env: {
            CENTRIFUGO_HTTP_SERVER_ADDRESS: '127.0.0.1',
            CENTRIFUGO_HTTP_SERVER_PORT: String(port),
            CENTRIFUGO_ENGINE_TYPE: 'redis',
            CENTRIFUGO_ENGINE_REDIS_ADDRESS: `redis://127.0.0.1:${redisPort}`,
            CENTRIFUGO_CLIENT_INSECURE: 'true',
            CENTRIFUGO_HTTP_API_INSECURE: 'true',
            CENTRIFUGO_HEALTH_ENABLED: 'true',
            GOMAXPROCS: '1',
          },
          health: '/health',
        }
      : undefined,
  conversation: ({ topic }) => ({
    path: '/connection/websocket',
    hello: [JSON.stringify({ id: 1, connect: {} }), JSON.stringify({ id: 2, subscribe: { channel: topic } })],
    hear: (text) => (text === PING ? { reply: PING } : { stands: text.includes('"id":2') }),
    batches: true,
  }),
  publisher: ({ port }) => ({
    publish: async ({ topic, text }) => {
      const body = `{"channel":"${topic}","data":${text}}`;
      const headers = { 'Content-Type': 'application/json' };
      const response = await fetch(`http://127.0.0.1:${port}/api/publish`, { method: 'POST', headers, body });
      await response.arrayBuffer();
    },
    stop: () => undefined,
  }),
};

function isInstalled(): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, 'centrifugo'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
