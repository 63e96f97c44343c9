import { once } from 'node:events';
import { Redis, ReplyError } from 'ioredis';
import { WebSocket } from 'ws';
import { request } from './http.ts';
import { Refused, WrongAnswer, type EntryPoint, type Topic } from './publisher.ts';

const ANSWERS_WITHIN_MS = 3_000;

/** The addresses and the token that a publisher needs. */
export interface EntryPointOptions {
  readonly urls: readonly string[];
  /** Opens a connection to Redis that passes no node. */
  readonly openRedis: () => RedisCaller;
  /** What stands in the braces of the keys of the shard in which an event lies. */
  readonly nameOf: (topic: Topic) => string;
  readonly token: string;
}

/** Sends commands to the server that has their key. */
export interface RedisCaller {
  /** @throws Refused when the command was surely not carried out */
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
  close(): void;
}

/** Every entry point, with the words by which scenarios name it. */
export const ENTRY_POINTS = {
  http: { label: 'HTTP', open: httpEntryPoint },
  fcall: { label: 'FCALL with a key', open: fcallEntryPoint },
  bareFcall: { label: 'FCALL', open: bareFcallEntryPoint },
  publish: { label: 'PUBLISH', open: publishEntryPoint },
  socket: { label: 'a socket', open: socketEntryPoint },
  ingress: { label: 'the ingress', open: ingressEntryPoint },
} as const satisfies Record<string, { label: string; open: (options: EntryPointOptions) => EntryPoint }>;

export type EntryPointName = keyof typeof ENTRY_POINTS;

/** Publishes by `POST /api/v3/events` with an `Idempotency-Key`, and turns to the next node when one does not accept. */
function httpEntryPoint({ urls, token }: EntryPointOptions): EntryPoint {
  let turn = 0;
  return {
    promise: 'exactly',
    passesNodes: false,
    isPerShard: true,
    async publish(event, key) {
      const headers = {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': key,
      };
      const url = `${urls[turn % urls.length]}/api/v3/events`;
      // The next attempt goes to another node, unless this one accepts the event.
      turn++;
      const asked = { method: 'POST', headers, body: event };
      const answer = await request(url, asked, ANSWERS_WITHIN_MS);
      if (answer.status === 204) {
        turn--;
        return String(answer.headers['belfry-event-ids']);
      }
      const retryAfter = answer.headers['retry-after'];
      if (answer.status !== 503 || retryAfter === undefined)
        throw new WrongAnswer(`answered ${answer.status}, Retry-After ${retryAfter}: ${answer.body}`);
      throw new Refused(answer.body, { retryAfterS: Number(retryAfter), isSure: false });
    },
    close: async () => undefined,
  };
}

/** Publishes by `FCALL belfry_publish` with an idempotency key as the second key. */
function fcallEntryPoint(options: EntryPointOptions): EntryPoint {
  return redisEntryPoint('exactly', options, (redis, event, name, key) =>
    redis.call('FCALL', 'belfry_publish', 2, `{${name}}:log`, `{${name}}:once:${key}`, event),
  );
}

/** Publishes by `FCALL belfry_publish` without an idempotency key, so a repetition after a lost answer is a second event. */
function bareFcallEntryPoint(options: EntryPointOptions): EntryPoint {
  return redisEntryPoint('at least', options, (redis, event, name) =>
    redis.call('FCALL', 'belfry_publish', 1, `{${name}}:log`, event),
  );
}

/** Publishes by `XADD` to the ingress, whose entries get their ids when a node moves them. */
function ingressEntryPoint(options: EntryPointOptions): EntryPoint {
  const opened = redisEntryPoint('at least', options, async (redis, event) => {
    await redis.call('XADD', '{belfry}:ingress', '*', 'event', event);
    return [undefined];
  });
  return { ...opened, needsOwnShard: true };
}

/** Publishes by `PUBLISH`, so that the event is heard live or not at all. */
function publishEntryPoint(options: EntryPointOptions): EntryPoint {
  const opened = redisEntryPoint('live', options, async (redis, event) => {
    await redis.call('PUBLISH', 'belfry:events', event);
    return [undefined];
  });
  return { ...opened, isPerShard: false };
}

/** Publishes by the command `publish` of a native socket, which knows no idempotency key. */
function socketEntryPoint({ urls, token }: EntryPointOptions): EntryPoint {
  let ws: WebSocket | undefined;
  let turn = 0;
  const connect = async (): Promise<WebSocket> => {
    if (ws?.readyState === WebSocket.OPEN) return ws;
    ws?.terminate();
    ws = new WebSocket(`${urls[turn++ % urls.length]?.replace(/^http/, 'ws')}/native/ws`, {
      headers: { Authorization: `Bearer ${token}` },
      handshakeTimeout: ANSWERS_WITHIN_MS,
    });
    ws.on('error', () => undefined);
    await once(ws, 'open', { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
    return ws;
  };
  return {
    promise: 'at least',
    passesNodes: false,
    isPerShard: true,
    async publish(event, key) {
      const socket = await connect().catch(() => {
        throw new Refused('not connected');
      });
      try {
        return await answerTo(socket, key, event);
      } catch (error) {
        if (!(error instanceof Refused)) socket.terminate();
        throw error;
      }
    },
    close: async () => ws?.terminate(),
  };
}

async function answerTo(ws: WebSocket, key: string, event: string): Promise<string | undefined> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(ANSWERS_WITHIN_MS)]);
  const gone = once(ws, 'close', { signal }).then((): [Buffer] => {
    throw new Error('closed without an answer');
  });
  const answer = once(ws, 'message', { signal }) as Promise<[Buffer]>;
  ws.send(`{"id":${JSON.stringify(key)},"command":"publish","events":[${event}]}`);
  const [data] = await Promise.race([answer, gone]).finally(() => over.abort());
  const { action, object } = JSON.parse(data.toString()) as {
    action: string;
    object: { ids?: string[]; message?: string };
  };
  // The hub itself may not know whether the command was carried out, so this is no clear refusal.
  if (action !== 'publish') throw new Error(object.message);
  return object.ids?.[0];
}

function redisEntryPoint(
  promise: EntryPoint['promise'],
  { openRedis, nameOf }: EntryPointOptions,
  call: (redis: RedisCaller, event: string, name: string, key: string) => Promise<unknown>,
): EntryPoint {
  const redis = openRedis();
  return {
    promise,
    passesNodes: true,
    isPerShard: true,
    async publish(event, key, topic) {
      const [id] = (await call(redis, event, nameOf(topic), key)) as [string | undefined];
      return id;
    },
    close: async () => redis.close(),
  };
}

/** A connection to the one server that a Redis is, as the publishers have it. */
export function openSingle(url: string): RedisCaller {
  const redis = new Redis(url, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: ANSWERS_WITHIN_MS,
    retryStrategy: (attempt) => Math.min(500, attempt * 50),
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  });
  redis.on('error', () => undefined);
  return {
    async call(command, ...args) {
      if (redis.status !== 'ready') throw new Refused('not connected');
      try {
        return await redis.call(command, ...args);
      } catch (error) {
        throw error instanceof ReplyError ? new Refused(String(error)) : error;
      }
    },
    close: () => redis.disconnect(),
  };
}
