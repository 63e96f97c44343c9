import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Conversation } from '../../../src/clients/load/connection.ts';
import type { Peer, Subscriber } from './peer.ts';
import { redisEntryPoint } from './redis-entry-point.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const SECRET = 'a secret that only the benchmark knows';
/** The provisioning dialect allows ten connections for each user. */
const CONNECTIONS_A_USER = 10;
const LOG = '{belfry}:log';
const CHANNEL = 'belfry:events';

const tokens = new Map<string, string>();

/** This hub. */
export const belfry = hub('belfry', 'this hub', MAIN);

/** This hub in the state of another directory, so that one run shows what a change costs. */
export const base = hub(
  'base',
  'this hub as it is in the directory that BENCH_BASE names',
  mainOf(process.env['BENCH_BASE']),
);

function hub(name: string, what: string, main: string | undefined): Peer {
  return {
    name,
    about: `${what}; FCALL belfry_publish (durable) or PUBLISH (live only)`,

    launch: ({ redisPort, port, node }) =>
      main === undefined
        ? undefined
        : {
            // These are the arguments of `npm start`.
            command: [process.execPath, '--max-semi-space-size=16', ...profiling(), main, 'serve'],
            env: {
              BELFRY_REDIS_URL: `redis://127.0.0.1:${redisPort}`,
              BELFRY_LISTEN: `127.0.0.1:${port}=native`,
              BELFRY_JWT_SECRET: SECRET,
              BELFRY_LOG_LEVEL: 'warn',
              BELFRY_NODE: `bench-${node}`,
            },
            health: '/readyz',
          },

    conversation: (subscriber) => SPEAKERS[subscriber.dialect ?? 'native'](subscriber),

    publisher: ({ redisPort }, durable) =>
      redisEntryPoint(redisPort, ({ text }) =>
        durable ? ['FCALL', 'belfry_publish', '1', LOG, text] : ['PUBLISH', CHANNEL, text],
      ),
  };
}

const SPEAKERS: Record<NonNullable<Subscriber['dialect']>, (subscriber: Subscriber) => Conversation> = {
  native: ({ topic, word, filter }) => {
    const pattern = `${word}.${topic}`;
    const filters = filter === undefined ? {} : { filters: { 'object.n': filter } };
    return {
      path: `/native/ws?token=${tokenOf('load')}`,
      hello: [JSON.stringify({ id: 1, command: 'subscribe', patterns: [pattern], ...filters })],
      hear: (text) => ({ stands: text.includes('"action":"subscribe"') }),
    };
  },
  drp: ({ topic, word }) => ({
    path: `/api/v3/ws?token=${tokenOf('load')}`,
    hello: [`register ${word}.${topic}`],
    hear: () => ({ stands: true }),
  }),
  norn: () => ({ path: '/norn/ws' }),
  provisioning: ({ index, word, deflate }) => {
    const token = tokenOf(`load-${Math.floor(index / CONNECTIONS_A_USER)}`);
    const path = `/provisioning/ws?events=${word.split('.', 2)[1]}&token=${token}`;
    return deflate === undefined ? { path } : { path: `${path}&compression=true`, deflate };
  },
};

/** Signs a token without code of the hub, so that the load does not depend on it. */
function tokenOf(subject: string): string {
  let token = tokens.get(subject);
  if (token === undefined) {
    const exp = Math.floor(Date.now() / 1_000) + 86_400;
    const parts = [
      { alg: 'HS256', typ: 'JWT' },
      { sub: subject, roles: ['admin'], exp },
    ];
    const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    token = `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
    tokens.set(subject, token);
  }
  return token;
}

function mainOf(directory: string | undefined): string | undefined {
  return directory === undefined ? undefined : join(directory, 'src/main.ts');
}

/** The arguments that write a CPU profile of the hub into the directory that the variable names. */
function profiling(): string[] {
  const directory = process.env['BENCH_CPU_PROF'];
  return directory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${directory}`];
}
