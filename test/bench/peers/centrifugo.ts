import { Agent, request } from 'node:http';
import { httpEntry } from '../entries.ts';
import { isOnPath } from './on-path.ts';
import type { Peer, Publisher } from './peer.ts';
import { SECRET, tokenOf } from './token.ts';

const PING = '{}';
const KEY = 'the API key of the benchmark';
/** How many requests of the batch API are under way at once at most. What comes meanwhile is the next batch. */
const BATCHES_MAX = 4;
const KEY_HEADER = { 'X-API-Key': KEY };
const CHANNEL = 'CENTRIFUGO_CHANNEL_WITHOUT_NAMESPACE';

/** Centrifugo (6 or later) with its Redis engine, if it is on the PATH. */
export const centrifugo: Peer = {
  name: 'centrifugo',
  about:
    'Centrifugo from the PATH, Redis engine, JSON protocol, a token for each client, presence and history on; its batch API',
  installed: () => isOnPath('centrifugo'),
  launch: ({ redisPort, port }) => ({
    command: ['centrifugo'],
    env: {
      CENTRIFUGO_HTTP_SERVER_ADDRESS: '127.0.0.1',
      CENTRIFUGO_HTTP_SERVER_PORT: String(port),
      CENTRIFUGO_ENGINE_TYPE: 'redis',
      CENTRIFUGO_ENGINE_REDIS_ADDRESS: `redis://127.0.0.1:${redisPort}`,
      CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY: SECRET,
      CENTRIFUGO_HTTP_API_KEY: KEY,
      CENTRIFUGO_HEALTH_ENABLED: 'true',
      CENTRIFUGO_LOG_LEVEL: 'error',
      [`${CHANNEL}_ALLOW_SUBSCRIBE_FOR_CLIENT`]: 'true',
      [`${CHANNEL}_PRESENCE`]: 'true',
      [`${CHANNEL}_HISTORY_SIZE`]: '100',
      [`${CHANNEL}_HISTORY_TTL`]: '24h',
      GOMAXPROCS: '1',
    },
    health: '/health',
  }),
  script: ({ index, topic }) => ({
    path: '/connection/websocket',
    hello: [
      JSON.stringify({ id: 1, connect: { token: tokenOf(`load-${index}`) } }),
      JSON.stringify({ id: 2, subscribe: { channel: topic } }),
    ],
    rules: [
      { begins: PING, reply: PING },
      { contains: '"subscribe":{', stands: true },
    ],
    batches: true,
  }),
  publisher: ({ port }, durable) => batches(port, durable),
  entry: (name, { port }, events) => {
    const publishes = events.map(({ topic, text }) => `{"channel":"${topic}","data":${text}}`);
    const commands = publishes.map((publish) => `{"publish":${publish}}`).join();
    if (name === 'http') return httpEntry(port, '/api/publish', KEY_HEADER, publishes.join());
    if (name === 'http list')
      return httpEntry(port, '/api/batch', KEY_HEADER, `{"parallel":true,"commands":[${commands}]}`);
    return undefined;
  },
};

/** Publishes by the batch API. An event that is live only leaves the history out. */
function batches(port: number, durable: boolean): Publisher {
  const agent = new Agent({ keepAlive: true, maxSockets: BATCHES_MAX });
  let waiting: { command: string; resolve: () => void; reject: (error: Error) => void }[] = [];
  let under = 0;
  const flush = async (): Promise<void> => {
    if (under >= BATCHES_MAX || waiting.length === 0) return;
    const taken = waiting;
    waiting = [];
    under++;
    try {
      await post(agent, port, `{"parallel":true,"commands":[${taken.map(({ command }) => command).join()}]}`);
      for (const { resolve } of taken) resolve();
    } catch (error) {
      for (const { reject } of taken) reject(error as Error);
    } finally {
      under--;
      void flush();
    }
  };
  return {
    publish: ({ topic, text }) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(() => void flush());
        const command = `{"publish":{"channel":"${topic}","data":${text},"skip_history":${!durable}}}`;
        waiting.push({ command, resolve: () => resolve(undefined), reject });
      }),
    stop: () => agent.destroy(),
  };
}

function post(agent: Agent, port: number, body: string): Promise<void> {
  const headers = { 'Content-Type': 'application/json', ...KEY_HEADER };
  return new Promise((resolve, reject) => {
    request({ agent, port, host: '127.0.0.1', path: '/api/batch', method: 'POST', headers })
      .on('response', (response) => {
        let answer = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
        response.on('end', () => {
          if (response.statusCode === 200 && !answer.includes('"error":')) resolve();
          else reject(new Error(`Centrifugo answered ${response.statusCode}: ${answer.slice(0, 300)}`));
        });
      })
      .on('error', reject)
      .end(body);
  });
}
