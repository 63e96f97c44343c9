import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { redisKeys } from '../../../src/broker/redis-keys.ts';
import { START_OPTIONS } from '../../support/start-options.ts';
import type { Peer, Rule, Script, Setup, Subscriber } from './peer.ts';
import { httpEntry, redisEntry, socketEntry, type Entry, type EntryName } from '../entries.ts';
import { redisEntryPoint } from './redis-entry-point.ts';
import { fansOf, layoutOf } from '../shards.ts';
import { SECRET, tokenOf } from './token.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
/** The provisioning dialect allows ten connections for each user. */
const CONNECTIONS_A_USER = 10;
const PREFIX = 'belfry';
const { log: LOG, live: CHANNEL, ingress: INGRESS } = redisKeys(PREFIX);

/** This hub. */
export const belfry = hub('belfry', 'this hub', MAIN);

/** This hub in the state of another directory, so that one run shows what a change costs. */
export const base = hub(
  'base',
  'this hub as it is in the directory that BENCH_BASE names',
  mainOf(process.env['BENCH_BASE']),
);

/** The requests of each entry point. */
const ENTRIES: Record<EntryName, (setup: Setup, texts: readonly string[]) => Entry> = {
  fcall: ({ redisPort, shards, shardPorts }, [text = '']) => {
    const { shard, log } = redisKeys(PREFIX, shardOf(text, shards));
    return redisEntry(shardPorts?.[shard - 1] ?? redisPort, 'FCALL', 'belfry_publish', '1', log, text);
  },
  live: ({ redisPort }, [text = '']) => redisEntry(redisPort, 'PUBLISH', CHANNEL, text),
  ingress: ({ redisPort }, [text = '']) => redisEntry(redisPort, 'XADD', INGRESS, '*', 'event', text),
  http: ({ port }, [text = '']) => httpEntry(port, '/api/v3/events', authorization(), text),
  'http list': ({ port }, texts) => httpEntry(port, '/api/v3/events', authorization(), `[${texts.join()}]`),
  socket: ({ port }, texts) =>
    socketEntry(
      port,
      `/native/ws?token=${tokenOf('publisher')}`,
      `{"command":"publish","events":[${texts.join()}]}`,
    ),
};

function authorization(): Record<string, string> {
  return { Authorization: `Bearer ${tokenOf('publisher')}` };
}

function hub(name: string, what: string, main: string | undefined): Peer {
  return {
    name,
    about: `${what}; FCALL belfry_publish (durable) or PUBLISH (live only)`,

    resumes: true,
    installed: () => main !== undefined,
    launch: ({ redisPort, shardPorts, shards, port, entryPort, node, workers }) => ({
      command: [
        process.execPath,
        ...START_OPTIONS,
        ...profiling(),
        main ?? '',
        'serve',
        ...(workers > 1 ? ['--workers', String(workers)] : []),
      ],
      env: {
        BELFRY_REDIS_URL:
          shardPorts === undefined ? `redis://127.0.0.1:${redisPort}` : clusterUrl(shardPorts),
        ...(shards > 1 && {
          BELFRY_SHARDS: String(shards),
          BELFRY_SHARD_FANS: JSON.stringify(fansOf(shards)),
        }),
        BELFRY_LISTEN: `127.0.0.1:${port}=native,127.0.0.1:${entryPort}=native+tls`,
        BELFRY_JWT_SECRET: SECRET,
        BELFRY_LOG_LEVEL: 'warn',
        BELFRY_COMMANDS_PER_SECOND: '100000',
        BELFRY_NODE: `bench-${node}`,
      },
      health: '/readyz',
      ...(workers > 1 && { isReady: (text: string) => readyWorkersOf(text) === workers }),
    }),

    script: (subscriber) => SPEAKERS[subscriber.dialect ?? 'native'](subscriber),

    publisher: ({ redisPort }, durable) =>
      redisEntryPoint(redisPort, ({ text }) =>
        durable ? ['FCALL', 'belfry_publish', '1', LOG, text] : ['PUBLISH', CHANNEL, text],
      ),

    entry: (entry, setup, events) =>
      ENTRIES[entry](
        setup,
        events.map(({ text }) => text),
      ),
  };
}

/** The answer to the subscription that the URL names. */
const SUBSCRIBED: readonly Rule[] = [{ contains: '"action":"subscribe"', stands: true }];

const SPEAKERS: Record<NonNullable<Subscriber['dialect']>, (subscriber: Subscriber) => Script> = {
  native: ({ index, topic, word, filter, since }) => {
    const resumed = since === undefined ? '' : `&since=${since}`;
    const filters = filter === undefined ? '' : `&filters=${encodeURIComponent(`{"object.n":"${filter}"}`)}`;
    return {
      path: `/native/ws?token=${tokenOf(`load-${index}`)}&pattern=${word}.${topic}${filters}${resumed}`,
      rules: SUBSCRIBED,
    };
  },
  'event stream': ({ index, topic, word }) => ({
    path: `/api/v3/events?token=${tokenOf(`load-${index}`)}&pattern=${word}.${topic}`,
    streams: true,
  }),
  drp: ({ index, topic, word }) => ({
    path: `/api/v3/ws?token=${tokenOf(`load-${index}`)}`,
    hello: [`register ${word}.${topic}`],
    rules: [{ stands: true }],
  }),
  norn: () => ({ path: '/norn/ws' }),
  provisioning: ({ index, word, deflate }) => {
    const token = tokenOf(`load-${Math.floor(index / CONNECTIONS_A_USER)}`);
    const path = `/provisioning/ws?events=${word.split('.', 2)[1]}&token=${token}`;
    return deflate === undefined ? { path } : { path: `${path}&compression=true`, deflate };
  },
};

function shardOf(text: string, shards: number): number {
  if (shards === 1) return 0;
  const { type, key } = JSON.parse(text) as { type: string; key: string };
  return layoutOf(shards).shardOf(type, key);
}

function clusterUrl(ports: readonly number[]): string {
  return `redis+cluster://${[...new Set(ports)].map((port) => `127.0.0.1:${port}`).join()}`;
}

function readyWorkersOf(readiness: string): number {
  const { workers } = JSON.parse(readiness) as { workers: readonly { state: string }[] };
  return workers.filter(({ state }) => state === 'ready').length;
}

function mainOf(directory: string | undefined): string | undefined {
  return directory === undefined ? undefined : join(directory, 'src/main.ts');
}

/** The arguments that write a CPU profile of the hub into the directory that the variable names. */
function profiling(): string[] {
  const directory = process.env['BENCH_CPU_PROF'];
  return directory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${directory}`];
}
